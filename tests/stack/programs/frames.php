<?php
// SPDX-License-Identifier: MIT
// Connects from many kinds of PHP code.  Before each connect it prints, as JSON, the frames that PHP
// itself sees there, innermost first, functions written in C left out.

namespace App;

// debug_backtrace() gives for each frame its function, and the place that called it.
function see(string $what, int $line): void
{
    $frames = [];
    $place = [__FILE__, $line];
    foreach (array_slice(debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS), 1) as $f) {
        $name = isset($f['class']) ? $f['class'] . '::' . $f['function'] : $f['function'];
        if ($place !== null && $f['function'] !== 'include') {
            $frames[] = [$name, ...$place];
        } elseif ($place !== null) {
            $frames[] = ['{main}', ...$place];
        }
        // called by a function written in C: its place is the place of that function's caller
        $place = isset($f['file']) ? [$f['file'], $f['line']] : null;
    }
    if ($place !== null) { // a shutdown function is called by nobody
        $frames[] = ['{main}', ...$place];
    }
    echo json_encode([$what, $frames]), "\n";
}

function connect(string $what): void
{
    see($what, __LINE__ + 1);
    @\stream_socket_client('tcp://127.0.0.1:9'); // discard: nobody listens
}

function recursive(int $n, string $what): void
{
    if ($n === 0) {
        connect($what);
    } else {
        recursive($n - 1, $what);
    }
}

class Thing
{
    public function method(): void { connect('method'); }
    public static function fixed(): void { connect('static method'); }
    public function __call($name, $arguments) { connect('__call'); }
    public function __get($name) { connect('__get'); }
    public function __toString(): string { connect('__toString'); return ''; }
    public function __destruct() { connect('destructor'); }
}

function generator()
{
    connect('generator');
    yield 1;
}

recursive(0, 'function');
recursive(20, 'recursion');
$thing = new Thing;
$thing->method();
Thing::fixed();
$thing->missing();
$thing->property;
"$thing";
unset($thing);
foreach (generator() as $x) { }
(function () { connect('closure'); })();
array_map(fn ($x) => connect('callback of C code'), [1]);
usort_once();
function usort_once() { $a = [2, 1]; usort($a, function ($x, $y) { static $n = 0; $n++ || connect('usort'); return $x <=> $y; }); }
try {
    throw new \Exception('x');
} catch (\Exception $e) {
    connect('catch');
} finally {
    connect('finally');
}
(new class { public function f() { connect('anonymous class'); } })->f();
include __DIR__ . '/included.php';
if (PHP_VERSION_ID >= 80100) {
    (new \Fiber(function () { connect('fiber'); }))->start();
}
register_shutdown_function(function () { connect('shutdown function'); });
