<?php
// SPDX-License-Identifier: MIT
// PHP PDO for PostgreSQL, which PHP opens with RTLD_DEEPBIND.  APP_CASE=exit: the child's copy of
// the object says Terminate when the child exits; APP_CASE=use: the child uses it and is killed.
$dsn = 'pgsql:host=127.0.0.1;user=postgres;dbname=postgres;port=' . getenv('APP_PORT');
$connection = new PDO($dsn); // MARK opened
$connection->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);

function ask(PDO $connection, int $number): string
{
    $statement = $connection->query("select name from t where id = $number"); // MARK used
    return $statement->fetchColumn();
}

ask($connection, 1);
$child = pcntl_fork(); // MARK forked
if ($child === 0) {
    if (getenv('APP_CASE') === 'use') {
        ask($connection, 2);
        posix_kill(getmypid(), SIGKILL);
    }
    exit(0);
}
pcntl_waitpid($child, $status);
echo "child $child\n";
try {
    ask($connection, 3);
} catch (PDOException $error) {
    echo 'damage ', strtok($error->getMessage(), "\n"), "\n";
}
