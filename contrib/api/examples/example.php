<?php
// SPDX-License-Identifier: MIT
// As example.c, from PHP.
require __DIR__ . '/../Forksan.php';

$port = getenv('APP_PORT');
$connection = stream_socket_client("tcp://127.0.0.1:$port");
$fd = Forksan::descriptor("127.0.0.1:$port");

function ping()
{
	global $connection;
	fwrite($connection, "PING\r\n");
	if (fgets($connection) !== "+PONG\r\n")
		exit(1);
}

function in_child($action)
{
	$pid = pcntl_fork();
	if ($pid === 0) {
		$action();
		posix_kill(posix_getpid(), SIGKILL); // without destructors, which would close the stream
	}
	pcntl_waitpid($pid, $status);
}

ping();
Forksan::label($fd, 'orders-db');
echo 'active ', Forksan::active(), "\nopen ", Forksan::check(), "\n";
in_child(function () use ($fd) { Forksan::hand_over($fd); ping(); Forksan::hand_over($fd); });
ping();
in_child(function () use ($fd) { Forksan::ignore($fd); ping(); });
echo 'findings ', Forksan::findings(), "\n";
in_child('ping');
ping();
echo 'findings ', Forksan::findings(), "\n";
