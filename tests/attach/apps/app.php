<?php
// SPDX-License-Identifier: MIT
// A connection that a child uses, twice: each call in a function of its own.  Before that,
// get_acquainted() makes a finding on another connection, and the program waits for a line: who watches from
// outside knows by then where the interpreter keeps its frames.  Each line "go" is answered by one more such
// connection, another one ends it.
function open_it($port)
{
    return stream_socket_client("tcp://127.0.0.1:$port"); // MARK opened
}

function ask($connection)
{
    fwrite($connection, "PING\r\n"); // MARK asked
    fread($connection, 64);
}

function start($connection)
{
    $child = pcntl_fork(); // MARK forked
    if ($child === 0) {
        array_map('ask', [$connection]); // MARK used
        posix_kill(getmypid(), SIGKILL);
    }
    pcntl_waitpid($child, $status);
}

function get_acquainted($port)
{
    $connection = stream_socket_client("tcp://127.0.0.1:$port");
    $child = pcntl_fork();
    if ($child !== 0) {
        pcntl_waitpid($child, $status);
    }
    fwrite($connection, "PING\r\n");
    fread($connection, 64);
    if ($child === 0) {
        posix_kill(getmypid(), SIGKILL);
    }
}

get_acquainted($argv[1]);
while (fgets(STDIN) === "go\n") {
    $connection = open_it($argv[1]);
    ask($connection);
    start($connection);
    ask($connection);
    start($connection);
}
