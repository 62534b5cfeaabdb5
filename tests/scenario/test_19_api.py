#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan(3) from C, C++, Python, Ruby, Perl and PHP, as contrib/api shows it: the same answers under
the shim, no-ops without it.  And its recipes for gunicorn, pytest, RSpec and PHPUnit."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import processes
import scenario
import servers
import web

API = os.path.join(forksan_log.ROOT, "contrib", "api")
EXAMPLES = os.path.join(API, "examples")
WITHOUT = ["active 0", "open 0", "findings 0", "findings 0"]
WITH = ["active 1", "open 1", "findings 0", "findings 1"]
CALLBACK = ["active 1", "open 1", "findings 0", "callback 1", "findings 1"]

# A test that is sound, one in which a child's use comes between two of its parent's.
PYTEST = """
import os, socket
connection = socket.create_connection(("127.0.0.1", int(os.environ["APP_PORT"])))

def ping():
    connection.sendall(b"PING\\r\\n")
    assert connection.recv(7, socket.MSG_WAITALL) == b"+PONG\\r\\n"

def test_sound():
    ping()

def test_shared():
    pid = os.fork()
    if pid == 0:
        ping()
        os._exit(0)
    os.waitpid(pid, 0)
    ping()
"""
RSPEC = """
require 'socket'
require '{api}/forksan_rspec'
CONNECTION = TCPSocket.new('127.0.0.1', ENV.fetch('APP_PORT').to_i)
def ping
  CONNECTION.write("PING\\r\\n")
  raise unless CONNECTION.read(7) == "+PONG\\r\\n"
end
RSpec.describe 'a connection' do
  it('is sound') {{ ping }}
  it 'is shared' do
    Process.wait(fork {{ ping; exit!(0) }})
    ping
  end
end
"""
PHPUNIT = """<?php
require '{api}/ForksanChecks.php';
use PHPUnit\\Framework\\TestCase;
final class ConnectionTest extends TestCase
{{
	use ForksanChecks;
	private static $connection;
	private function ping()
	{{
		self::$connection ??= stream_socket_client('tcp://127.0.0.1:' . getenv('APP_PORT'));
		fwrite(self::$connection, "PING\\r\\n");
		$this->assertSame("+PONG\\r\\n", fgets(self::$connection));
	}}
	public function testSound() {{ $this->ping(); }}
	public function testShared()
	{{
		$pid = pcntl_fork();
		if ($pid === 0) {{
			$this->ping();
			posix_kill(posix_getpid(), SIGKILL);
		}}
		pcntl_waitpid($pid, $status);
		$this->ping();
	}}
}}
"""


class Api(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.server = self.stack.enter_context(servers.redis())
        self.variables = {"APP_PORT": str(self.server.port)}

    def output(self, argv, environment, status=0):
        result = subprocess.run(argv, env=environment, stdin=subprocess.DEVNULL, timeout=60,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                                encoding="utf-8", cwd=self.directory)
        self.assertEqual(status, result.returncode, result.stdout)
        return result.stdout

    def check_example(self, argv, expected):
        bare = self.output(argv, forksan_log.bare_env(**self.variables))
        self.assertEqual(WITHOUT, bare.splitlines())
        log = self.new_log()
        told = self.output(argv, forksan_log.forksan_env(log.path, self.variables))
        self.assertEqual(expected, told.splitlines())
        log.wait_for_summary()
        log.validate()
        finding, = log.findings(kind="shared-use")
        self.assertEqual("orders-db", finding["connection"]["label"])
        check, = [record for record in log.records if record.get("event") == "check"]
        self.assertEqual(1, check["times"])
        self.assertIn(f"Redis {self.server.peer} (orders-db) opened at ", check["text"])

    def compiled(self, compiler, *flags):
        path = os.path.join(self.directory, "example")
        self.output([compiler, *flags, "-Wall", "-Wextra", "-Werror", "-pedantic",
                     f"-I{forksan_log.ROOT}/include", "-o", path, "-x",
                     "c++" if compiler == "g++" else "c", os.path.join(EXAMPLES, "example.c")],
                    dict(os.environ))
        return [path]

    def test_c(self):
        self.check_example(self.compiled("gcc", "-std=gnu99"), CALLBACK)

    def test_cpp(self):
        self.check_example(self.compiled("g++", "-std=gnu++11"), CALLBACK)

    def test_python(self):
        self.check_example(["/usr/bin/python3", f"{EXAMPLES}/example.py"], CALLBACK)

    def test_ruby(self):
        self.check_example(["/usr/bin/ruby", f"{EXAMPLES}/example.rb"], WITH)

    def test_perl(self):
        self.check_example(["/usr/bin/perl", f"{EXAMPLES}/example.pl"], WITH)

    def test_php(self):
        self.check_example(["/usr/bin/php", "-d", "ffi.enable=1", f"{EXAMPLES}/example.php"], WITH)

    # --- recipes ------------------------------------------------------------------------------

    def check_recipe(self, argv, file, text, passes, fails, status=1):
        """Of two tests one fails under the shim, with our words; both pass without it."""
        path = os.path.join(self.directory, file)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        bare = self.output([*argv, path], forksan_log.bare_env(**self.variables, PYTHONPATH=API))
        self.assertRegex(bare, passes)
        log = self.new_log()
        environment = forksan_log.forksan_env(log.path, {**self.variables, "PYTHONPATH": API})
        told = self.output([*argv, path], environment, status)
        self.assertRegex(told, fails)
        self.assertRegex(told, "forksan has counted")

    def test_pytest(self):
        self.check_recipe(["/usr/bin/python3", "-m", "pytest", "-p", "forksan_pytest", "-q", "-p",
                           "no:cacheprovider"], "test_it.py", PYTEST, "2 passed",
                          "1 error|1 failed")

    def test_rspec(self):
        self.check_recipe(["/usr/bin/rspec"], "it_spec.rb", RSPEC.format(api=API),
                          "2 examples, 0 failures", "2 examples, 1 failure")

    def test_phpunit(self):
        self.check_recipe(["/usr/bin/php", "-d", "ffi.enable=1", "/usr/bin/phpunit"],
                          "ConnectionTest.php", PHPUNIT.format(api=API), "OK ", "Failures: 1")

    def test_gunicorn(self):
        db = self.stack.enter_context(servers.mariadb())
        with self.watched(web.gunicorn, "pool", preload=True,
                          variables={"APP_DATABASE": scenario.mysql_url(db)},
                          arguments=["-c", f"{API}/gunicorn.conf.py"]) as (site, log):
            web.load(site, requests=20)
        self.assertIn("forksan: connections open before the fork: 1", site.output())
        check = [record for record in log.records if record.get("event") == "check"][0]
        self.assertIn(scenario.app_site("pool", "opened"), check["text"])


if __name__ == "__main__":
    scenario.main()
