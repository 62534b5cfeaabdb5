#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What is never silent, in each language that has frames: a worker whose first act is a program, the
answer to the opener's request in its child's hands, the opener that ends the session first, a
protocol that nobody knows, and a program started as another user.  And what is silent with reason: a
stream of log lines that several processes write to."""

import os
import socketserver
import sys
import threading
import unittest

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "support"), os.path.join(TESTS, "tool")]

import forksan_log
import processes
import servers
import toolkit

SCRIPTS = {
    "python": ("/usr/bin/python3", ".py", r"""
import os, socket, subprocess, sys
case, port, ping, quit = sys.argv[1], int(sys.argv[2]), b"PING\r\n", b"QUIT\r\n"
s = socket.create_connection(("127.0.0.1", port))
def ask():
    s.sendall(ping)
    if case != "log": s.recv(64)
ask()
r, w = os.pipe()
if case in ("first", "unknown", "log"):
    for _ in range(2):
        if os.fork() == 0:
            if case == "first": subprocess.run(["true"])
            ask(); os._exit(0)
        os.wait()
elif case == "steal":
    if os.fork() == 0:
        os.read(r, 1); s.recv(64); os._exit(0)
    s.sendall(ping); os.write(w, b"x"); os.wait()
else:
    if os.fork() == 0:
        os.read(r, 1)
        try: ask()
        except OSError: pass
        os._exit(0)
    s.sendall(quit); s.recv(64); s.close(); os.write(w, b"x"); os.wait()
"""),
    "ruby": ("/usr/bin/ruby", ".rb", r"""
require 'socket'
kind, port, ping, quit = ARGV[0], ARGV[1].to_i, "PING\r\n", "QUIT\r\n"
s = TCPSocket.new('127.0.0.1', port)
ask = -> { s.send(ping, 0); s.recv(64) unless kind == 'log' }
ask.()
r, w = IO.pipe
if ['first', 'unknown', 'log'].include?(kind)
  2.times do
    Process.wait(fork { `true` if kind == 'first'; ask.(); exit!(0) })
  end
elsif kind == 'steal'
  pid = fork { r.read(1); s.recv(64); exit!(0) }
  s.send(ping, 0); w.write('x'); w.flush; Process.wait(pid)
else
  pid = fork { r.read(1); begin; ask.(); rescue SystemCallError; end; exit!(0) }
  s.send(quit, 0); s.recv(64); s.close; w.write('x'); w.flush; Process.wait(pid)
end
"""),
    "perl": ("/usr/bin/perl", ".pl", r"""
use IO::Socket::INET; use POSIX ();
$SIG{PIPE} = 'IGNORE';
my ($case, $port, $ping, $quit) = ($ARGV[0], $ARGV[1], "PING\r\n", "QUIT\r\n");
my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
sub ask { syswrite($s, $ping); sysread($s, my $b, 64) if $case ne 'log' }
ask();
pipe(my $r, my $w);
if ($case =~ /^(first|unknown|log)$/) {
    for (1 .. 2) {
        my $p = fork;
        if (!$p) { `true` if $case eq 'first'; ask(); POSIX::_exit(0) }
        waitpid($p, 0);
    }
} elsif ($case eq 'steal') {
    my $p = fork;
    if (!$p) { sysread($r, my $b, 1); sysread($s, $b, 64); POSIX::_exit(0) }
    syswrite($s, $ping); syswrite($w, 'x'); waitpid($p, 0);
} else {
    my $p = fork;
    if (!$p) { sysread($r, my $b, 1); ask(); POSIX::_exit(0) }
    syswrite($s, $quit); sysread($s, my $b, 64); close($s); syswrite($w, 'x'); waitpid($p, 0);
}
"""),
    "php": ("/usr/bin/php", ".php", r"""<?php
[, $case, $port] = $argv; $ping = "PING\r\n"; $quit = "QUIT\r\n";
$s = stream_socket_client("tcp://127.0.0.1:$port");
function ask() { global $s, $ping, $case; @fwrite($s, $ping); if ($case != 'log') @fread($s, 64); }
function leave() { posix_kill(getmypid(), SIGKILL); }
ask();
[$r, $w] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
if (in_array($case, ['first', 'unknown', 'log'])) {
    for ($i = 0; $i < 2; $i++) {
        $p = pcntl_fork();
        if (!$p) { if ($case == 'first') shell_exec('true'); ask(); leave(); }
        pcntl_waitpid($p, $status);
    }
} elseif ($case == 'steal') {
    $p = pcntl_fork();
    if (!$p) { fread($r, 1); fread($s, 64); leave(); }
    fwrite($s, $ping); fwrite($w, 'x'); pcntl_waitpid($p, $status);
} else {
    $p = pcntl_fork();
    if (!$p) { fread($r, 1); ask(); leave(); }
    fwrite($s, $quit); fread($s, 64); fclose($s); fwrite($w, 'x'); pcntl_waitpid($p, $status);
}
"""),
}

SHELL = """
exec 3<>/dev/tcp/127.0.0.1/$1
head -c 24 <&3 & # three answers
for i in 1 2 3; do echo question $i >&3; done
wait
"""

# A program without us, started in each way that a language has; PROGRAM stands for it.
BLIND = {
    "python": [["/usr/bin/python3", "-c", text] for text in (
        "import os; os.execv('PROGRAM', ['x'])",
        "import os; os.waitpid(os.posix_spawn('PROGRAM', ['x'], os.environ), 0)",
        "import os; os.system('PROGRAM; :')",
        "import subprocess; subprocess.run(['PROGRAM'])",
        "import subprocess; subprocess.run(['env', 'PROGRAM'])")],
    "ruby": [["/usr/bin/ruby", "-e", text] for text in (
        "exec('PROGRAM')", "system('PROGRAM')", "Process.wait(spawn('PROGRAM'))", "`PROGRAM; :`")],
    "perl": [["/usr/bin/perl", "-e", text] for text in (
        "exec('PROGRAM')", "system('PROGRAM')", "`PROGRAM; :`")],
    "php": [["/usr/bin/php", "-r", text] for text in (
        "pcntl_exec('PROGRAM');", "shell_exec('PROGRAM');",
        "proc_close(proc_open(['PROGRAM'], [], $pipes));")],
    "shell": [["/bin/bash", "-c", "PROGRAM; :"], ["/bin/sh", "-c", "exec env PROGRAM"],
              ["env", "PROGRAM"]],
}

FOUND = {"first": "shared-use", "steal": "crossed-reply", "leave": "foreign-goodbye",
         "unknown": "shared-use"}


class Lines(socketserver.BaseRequestHandler):
    """A protocol of nobody's: eight bytes for whatever comes."""

    def handle(self):
        while self.request.recv(64):
            self.request.sendall(b"\x7fanswer\n")


class EachLine(socketserver.StreamRequestHandler):
    """Eight bytes for each line."""

    def handle(self):
        for _ in self.rfile:
            self.wfile.write(b"\x7fanswer\n")


class Sink(socketserver.BaseRequestHandler):
    """Takes what comes, and answers nothing."""

    def handle(self):
        while self.request.recv(64):
            pass


class Languages(unittest.TestCase):
    def check(self, language):
        interpreter, suffix, text = SCRIPTS[language]
        with processes.directory() as path, servers.redis() as redis, \
                socketserver.ThreadingTCPServer(("127.0.0.1", 0), Lines) as nobody, \
                socketserver.ThreadingTCPServer(("127.0.0.1", 0), Sink) as sink:
            for server in (nobody, sink):
                server.daemon_threads = True
                threading.Thread(target=server.serve_forever, daemon=True).start()
            script = toolkit.write(os.path.join(path, "app" + suffix), text)
            for case, kind in FOUND.items():
                with self.subTest(case):
                    port = nobody.server_address[1] if case == "unknown" else redis.port
                    self.run_case([interpreter, script, case, str(port)], path, case, kind,
                                  language)
            with self.subTest("log"):
                self.run_log([interpreter, script, "log", str(sink.server_address[1])])
            if os.getuid() == 0:
                with self.subTest("another user"):
                    os.chmod(path, 0o755)
                    self.run_as_other([interpreter, script, "first", str(redis.port)])
            nobody.shutdown()
            sink.shutdown()

    def run_case(self, command, path, case, kind, language):
        log = forksan_log.Log(os.path.join(path, case + ".jsonl"))
        result = toolkit.run("run", "-o", log.path, "--", *command)
        self.assertEqual(66, result.returncode, result.stderr)
        self.assertIn("complete: true", result.stderr)
        found = log.findings(kind=kind)
        self.assertTrue(found, log.kinds)
        languages = {frame["language"] for f in found for frame in f["stacks"]["this_use"]}
        self.assertIn(language, languages)
        if case == "steal":
            self.assertEqual("proven", found[0]["certainty"])
        if case == "leave":
            self.assertTrue(found[0].get("needed"))
            self.assertIn("QUIT", found[0]["text"])
        if case == "unknown":
            self.assertEqual("unknown", found[0]["connection"]["class"])

    def run_log(self, command):
        result = toolkit.run("run", "--require-watched", "--", *command)
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("1 connection watched, 1 of them open across a fork", result.stderr)
        self.assertIn("verdict: nothing found, nothing missed", result.stderr)

    def test_shell(self):
        """One process writes and another one reads, as scripts with /dev/tcp do."""
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), EachLine) as nobody:
            nobody.daemon_threads = True
            threading.Thread(target=nobody.serve_forever, daemon=True).start()
            result = toolkit.run("run", "--require-watched", "--", "/bin/bash", "-c", SHELL, "bash",
                                 str(nobody.server_address[1]))
            nobody.shutdown()
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertEqual(3, result.stdout.count("answer"), result.stdout)
        self.assertIn("verdict: nothing found, nothing missed", result.stderr)

    def test_a_program_without_us_is_counted(self):
        with processes.directory() as path:
            program = toolkit.compile_c(path, "blind", "int main(void) { return 0; }", "-static")
            for language, commands in BLIND.items():
                for command in commands:
                    command = [word.replace("PROGRAM", program) for word in command]
                    with self.subTest(language, command=command):
                        result = toolkit.run("run", "--require-watched", "--", *command)
                        self.assertEqual(67, result.returncode, result.stderr)
                        self.assertIn("exec_unseen 1", result.stderr)

    def run_as_other(self, command):
        result = toolkit.run("run", "--", "setpriv", "--reuid=6001", "--regid=6001",
                             "--clear-groups", *command)
        self.assertEqual(66, result.returncode, result.stderr)
        self.assertIn("shared-use", result.stderr)

    def test_python(self):
        self.check("python")

    def test_ruby(self):
        self.check("ruby")

    def test_perl(self):
        self.check("perl")

    def test_php(self):
        self.check("php")


if __name__ == "__main__":
    unittest.main()
