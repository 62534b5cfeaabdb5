<?php
// SPDX-License-Identifier: MIT
// The same with mysqli and MariaDB, in plain functions.

function open_database(): mysqli
{
    return mysqli_connect('127.0.0.1', getenv('DB_USER'), getenv('DB_PASSWORD'), // MARK opened
        getenv('DB_NAME'), (int) getenv('DB_PORT')); // MARK opened
}

function count_things(mysqli $database): int
{
    return mysqli_query($database, 'select count(*) from t')->fetch_row()[0]; // MARK used
}

$database = open_database();
for ($i = 0; $i < 2; $i++) {
    $pid = pcntl_fork();
    if ($pid === 0) {
        count_things($database);
        posix_kill(getmypid(), SIGKILL); // no goodbye
    }
    pcntl_waitpid($pid, $status);
}
posix_kill(getmypid(), SIGKILL);
