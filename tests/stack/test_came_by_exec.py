#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program that got its connection by exec or in a message has its interpreter's frames from the
first use on.

Each program below neither connects nor forks: its first call on the inherited descriptor is the
first that forksan sees of it.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
import forksan_log  # noqa: E402

BUILD = os.path.abspath(os.environ.get("FORKSAN_BUILD") or os.path.join(ROOT, "build"))

# interpreter, suffix, program; the use is in line 3
PROGRAMS = {
    "python": (sys.executable, "py", """\
import os, sys
def use(fd):
    os.write(fd, b"get a\\r\\n")
use(int(sys.argv[1]))
"""),
    "ruby": ("ruby", "rb", """\
def use(io)
  io.sync = true
  io.write("get a\\r\\n")
end
use(IO.for_fd(Integer(ARGV[0])))
"""),
    "perl": ("perl", "pl", """\
sub use_it {
  my $io = shift;
  syswrite($io, "get a\\r\\n");
}
open(my $io, '+<&=', $ARGV[0]) or die; use_it($io);
"""),
    "php": ("php", "php", """\
<?php
function use_it($io) {
  fwrite($io, "get a\\r\\n");
}
use_it(fopen("php://fd/" . $argv[1], "r+"));
"""),
}

PARENT = """\
import socket, subprocess, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"version\\r\\n")
s.recv(100)
sys.exit(subprocess.run(sys.argv[2:] + [str(s.fileno())], pass_fds=[s.fileno()]).returncode)
"""

# The same by a message, after which the giver goes on too.
GIVER = """\
import socket, subprocess, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"version\\r\\n")
s.recv(100)
here, there = socket.socketpair()
child = subprocess.Popen(sys.argv[2:] + [str(there.fileno())], pass_fds=[there.fileno()])
socket.send_fds(here, [b"\\0"], [s.fileno()])  # IO::FDPass takes no other byte
child.wait()
s.sendall(b"version\\r\\n")
sys.exit(child.returncode)
"""

# interpreter, suffix, program; the use is in line 3
RECEIVERS = {
    "python": (sys.executable, "py", """\
import os, socket, sys
def use(fd):
    os.write(fd, b"get a\\r\\n")
there = socket.socket(fileno=int(sys.argv[1]))
use(socket.recv_fds(there, 1, 1)[1][0])
"""),
    "ruby": ("ruby", "rb", """\
require "socket"
def use(io)
  io.syswrite("get a\\r\\n")
end
use(UNIXSocket.for_fd(Integer(ARGV[0])).recv_io)
"""),
    "perl": ("perl", "pl", """\
use IO::FDPass;
sub use_it {
  syswrite($_[0], "get a\\r\\n");
}
open(my $io, '+<&=', IO::FDPass::recv($ARGV[0])) or die; use_it($io);
"""),
    "php": ("php", "php", """\
<?php
function use_it($io) {
  socket_write($io, "get a\\r\\n");
}
$there = socket_import_stream(fopen("php://fd/" . $argv[1], "r+"));
$message = ["buffer_size" => 1, "controllen" => socket_cmsg_space(SOL_SOCKET, SCM_RIGHTS, 1)];
socket_recvmsg($there, $message);
use_it($message["control"][0]["data"][0]);
"""),
}


def answer(listener):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            try:
                while connection.recv(1000):
                    connection.sendall(b"VERSION 1\r\n")
            except ConnectionResetError:
                pass  # the program ended without reading the answer


class CameByExec(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=answer, args=(self.listener,), daemon=True)
        thread.start()
        # close() alone does not wake accept()
        self.addCleanup(lambda: (self.listener.shutdown(socket.SHUT_RDWR), thread.join(),
                                 self.listener.close()))

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def findings(self, command, directory=None, parent=PARENT):
        log = os.path.join(self.directory, "log")
        environment = dict(os.environ, LD_PRELOAD=os.path.join(BUILD, "libforksan.so"),
                           FORKSAN_OPTIONS=f"log_path={log}")
        parent = self.write("parent.py", parent)
        port = self.listener.getsockname()[1]
        subprocess.run([sys.executable, parent, str(port)] + command, env=environment, check=True,
                       timeout=60, cwd=directory)
        return forksan_log.Log(log).findings()

    def check_language(self, language):
        interpreter, suffix, text = PROGRAMS[language]
        if shutil.which(interpreter) is None:
            self.skipTest(f"no {interpreter}")
        program = self.write(f"use.{suffix}", text)
        findings = self.findings([interpreter, program])
        self.assertEqual([finding["kind"] for finding in findings], ["inherited-use"])
        self.assertEqual(findings[0]["culprit"]["use"], f"{program}:3")
        frames = [frame for frame in findings[0]["stacks"]["this_use"]
                  if frame["language"] == language]
        self.assertIn(3, [frame["line"] for frame in frames])

    def check_message(self, language):
        interpreter, suffix, text = RECEIVERS[language]
        program = self.write(f"receive.{suffix}", text)
        findings = self.findings([interpreter, program], parent=GIVER)
        self.assertEqual([finding["kind"] for finding in findings], ["shared-use"])
        frames = [frame for frame in findings[0]["stacks"]["other_use"]
                  if frame["language"] == language]
        self.assertEqual((frames[0]["file"], frames[0]["line"]), (program, 3))

    def test_a_message_to_python(self):
        self.check_message("python")

    def test_a_message_to_ruby(self):
        self.check_message("ruby")

    def test_a_message_to_perl(self):
        self.check_message("perl")

    def test_a_message_to_php(self):
        self.check_message("php")

    def test_a_relative_name_is_completed(self):
        """Perl knows its script as it was started."""
        program = self.write("use.pl", PROGRAMS["perl"][2])
        findings = self.findings(["perl", "./use.pl"], directory=self.directory)
        self.assertEqual(findings[0]["culprit"]["use"], f"{program}:3")

    def test_python(self):
        self.check_language("python")

    def test_ruby(self):
        self.check_language("ruby")

    def test_perl(self):
        self.check_language("perl")

    def test_php(self):
        self.check_language("php")


if __name__ == "__main__":
    unittest.main()
