<?php
// SPDX-License-Identifier: MIT
// forksan(3) from PHP, by its FFI: no-ops unless libforksan.so is preloaded.  PHP keeps the number of
// a descriptor to itself; Forksan::descriptor() finds it for a connection to a peer.
//
//     Forksan::label(Forksan::descriptor('127.0.0.1:3306'), 'orders-db');
final class Forksan
{
	private static $library;

	private static function call($name, ...$arguments)
	{
		if (self::$library === null) {
			try {
				self::$library = FFI::cdef(
					'int forksan_api_active(void); void forksan_api_ignore(int);' .
					'void forksan_api_hand_over(int); void forksan_api_label(int, const char *);' .
					'int forksan_api_check(void); long forksan_api_findings(void);');
			} catch (FFI\Exception $error) {
				self::$library = false; // not preloaded
			}
		}
		return self::$library === false ? 0 : self::$library->{"forksan_api_$name"}(...$arguments);
	}

	static function active() { return self::call('active'); }
	static function ignore($fd) { self::call('ignore', $fd); }
	static function hand_over($fd) { self::call('hand_over', $fd); }
	static function label($fd, $label) { self::call('label', $fd, $label); }
	static function check() { return self::call('check'); }
	static function findings() { return self::call('findings'); }

	// The descriptor of the only TCP connection (IPv4) to that peer; -1: there is none, or several.
	static function descriptor($peer)
	{
		[$host, $port] = explode(':', $peer);
		$wanted = bin2hex(strrev(inet_pton($host))) . ':' . sprintf('%04X', $port);
		$inodes = [];
		foreach (file('/proc/self/net/tcp') as $line) {
			$fields = preg_split('/\s+/', trim($line));
			if (strcasecmp($fields[2], $wanted) === 0)
				$inodes["socket:[$fields[9]]"] = true;
		}
		$found = [];
		foreach (scandir('/proc/self/fd') as $fd)
			if (isset($inodes[@readlink("/proc/self/fd/$fd")]))
				$found[] = (int)$fd;
		return count($found) === 1 ? $found[0] : -1;
	}
}
