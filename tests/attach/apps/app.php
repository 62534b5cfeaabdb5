<?php
// SPDX-License-Identifier: MIT
// A connection that a child uses, twice: each call in a function of its own.  Waits at
// the end for a line: what its memory tells is read a moment after the calls.
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

$connection = open_it($argv[1]);
ask($connection);
start($connection);
ask($connection);
start($connection);
fgets(STDIN);
