<?php
// SPDX-License-Identifier: MIT
// PHP memcached: the child's copy of the object says quit when the child exits.
$cache = new Memcached();
$cache->setOption(Memcached::OPT_BINARY_PROTOCOL, (bool) getenv('APP_BINARY'));
$cache->addServer('127.0.0.1', (int) getenv('APP_PORT'));
$cache->set('name', 'value'); // MARK opened
$child = pcntl_fork(); // MARK forked
if ($child === 0) {
    exit(0);
}
pcntl_waitpid($child, $status);
echo "child $child\n";
if ($cache->get('name') !== 'value') {
    echo "damage {$cache->getResultMessage()}\n";
}
