<?php
// SPDX-License-Identifier: MIT
// A PHP program that connects and then forks workers, one after the other: PDO and PostgreSQL.

namespace Shop;

class Repository
{
    private static function openDatabase(): \PDO
    {
        $place = 'pgsql:host=127.0.0.1;port=' . getenv('DB_PORT') . ';dbname=' . getenv('DB_NAME');
        return new \PDO($place, getenv('DB_USER')); // MARK opened
    }

    public function __construct(private ?\PDO $database = null)
    {
        $this->database ??= self::openDatabase();
    }

    public function count(): int
    {
        return $this->database->query('select count(*) from t')->fetchColumn(); // MARK used
    }
}

$repository = new Repository;
for ($i = 0; $i < 2; $i++) {
    $pid = pcntl_fork();
    if ($pid === 0) {
        $repository->count();
        posix_kill(getmypid(), SIGKILL); // no goodbye
    }
    pcntl_waitpid($pid, $status);
}
posix_kill(getmypid(), SIGKILL);
