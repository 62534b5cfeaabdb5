<?php
// SPDX-License-Identifier: MIT
// PHP mysqli: the child's copy of the object says goodbye when the child exits.
mysqli_report(MYSQLI_REPORT_OFF);
$connection = mysqli_connect('127.0.0.1', 'app', 'secret', 'app', (int) getenv('APP_PORT')); // MARK opened
$connection->query('select 1');
$child = pcntl_fork(); // MARK forked
if ($child === 0) {
    exit(0);
}
pcntl_waitpid($child, $status);
echo "child $child\n";
if (@$connection->query('select 1') === false) {
    echo "damage {$connection->error}\n";
}
