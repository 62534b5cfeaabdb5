<?php
// SPDX-License-Identifier: MIT
// The contract is in app.py.  APP_DRIVER: mysqli, pdo_mysql, pdo_pgsql, redis.
// phpredis answers false and gives a notice when it cannot send; frameworks make exceptions of those.
set_error_handler(function ($level, $message) {
	throw new ErrorException($message);
});
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);

class Connection
{
	public $driver, $handle, $statement;

	function __construct()
	{
		$this->driver = getenv('APP_DRIVER');
		[$host, $port] = [getenv('APP_HOST'), (int)getenv('APP_PORT')];
		[$user, $password] = [getenv('APP_USER'), getenv('APP_PASSWORD')];
		$database = getenv('APP_DATABASE');
		switch ($this->driver) {
		case 'mysqli':
			$this->handle = new mysqli($host, $user, $password, $database, $port);
			break;
		case 'pdo_mysql':
			$this->handle = new PDO("mysql:host=$host;port=$port;dbname=$database", $user, $password,
				[PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
			break;
		case 'pdo_pgsql':
			$this->handle = new PDO("pgsql:host=$host;port=$port;dbname=$database;sslmode=disable", $user,
				null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
			break;
		case 'redis':
			$this->handle = new Redis();
			$this->handle->connect($host, $port, 10);
			for ($number = 1; $number < 100; $number++)
				$this->handle->set("k$number", $number);
			break;
		}
	}

	function ask($number)
	{
		switch ($this->driver) {
		case 'mysqli':
			$row = $this->handle->query("select id from t where id = $number")->fetch_row();
			return $row ? (int)$row[0] : null;
		case 'redis':
			$answer = $this->handle->get("k$number");
			return $answer === false ? null : (int)$answer;
		default:
			$row = $this->handle->query("select id from t where id = $number")->fetch(PDO::FETCH_NUM);
			return $row ? (int)$row[0] : null;
		}
	}
}

function work($connection)
{
	$counts = ['right' => 0, 'wrong' => 0, 'empty' => 0, 'error' => 0];
	for ($i = 0; $i < 50; $i++) {
		$number = random_int(1, 99);
		try {
			$answer = $connection->ask($number);
		} catch (Throwable $error) {
			$counts['error']++;
			fwrite(STDERR, getmypid() . ': ' . $error->getMessage() . "\n");
			$connection = new Connection();
			continue;
		}
		$counts[$answer === null ? 'empty' : ($answer === $number ? 'right' : 'wrong')]++;
	}
	$words = [];
	foreach ($counts as $name => $count)
		$words[] = "$name $count";
	// One write: other processes write to the same file.
	echo implode(' ', $words) . "\n";
	return $connection;
}

$connection = new Connection();
$connection->ask(1);
$ends = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
$pids = [];
for ($i = 0; $i < 2; $i++) {
	$pid = pcntl_fork();
	if ($pid === 0) {
		fclose($ends[1]);
		fread($ends[0], 1);
		work($connection);
		exit(0);
	}
	$pids[] = $pid;
}
fclose($ends[1]);
fclose($ends[0]);
$connection = work($connection);
foreach ($pids as $pid)
	pcntl_waitpid($pid, $status);
