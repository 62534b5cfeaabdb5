<?php
// SPDX-License-Identifier: MIT
// As asleep.py.
function reading($one)
{
	return fread($one, 1); // @1 reading
}

class Shop
{
	public $connection;

	function order()
	{
		return array_map(fn($one) => reading($one), [$this->connection]); // @3 Shop::order
	}
}

$listener = stream_socket_server('tcp://127.0.0.1:0');
$shop = new Shop();
$shop->connection = stream_socket_client('tcp://' . stream_socket_get_name($listener, false));
if (pcntl_fork() == 0) {
	$shop->order(); // @4 {main}
	exit;
}
echo getmypid(), "\n";
sleep(1000);
