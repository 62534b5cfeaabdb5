#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a stack costs: the time of stack_take() in a connect, by the probe of
tests/stack, with an interpreter 30 calls deep.  Exit 1 when the median is above the design's limit.

The first stack of a process also finds the interpreter and touches its pages; it is shown apart.
"""

import glob
import os
import shutil
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stack",
                                "support"))

import probe  # noqa: E402

LIMIT_US = 60
DEPTH = 30
TIMES = 200

PYTHON = f"""
import socket
def go():
    for i in range({TIMES}):
        with socket.socket() as s:
            s.connect_ex(("127.0.0.1", 9))
def inner(n):
    inner(n - 1) if n else go()
inner({DEPTH - 2})
"""
RUBY = f"""
require 'socket'
def go
  {TIMES}.times do
    s = Socket.new(:INET, :STREAM)
    s.connect_nonblock(Addrinfo.tcp('127.0.0.1', 9), exception: false) rescue nil
    s.close
  end
end
def inner(n) = n > 0 ? inner(n - 1) : go
inner({DEPTH - 2})
"""
PERL = f"""
use Socket;
sub go {{
    for (1..{TIMES}) {{
        socket(my $s, PF_INET, SOCK_STREAM, 0);
        connect($s, pack_sockaddr_in(9, INADDR_LOOPBACK));
    }}
}}
sub inner {{ my ($n) = @_; $n ? inner($n - 1) : go() }}
inner({DEPTH - 2});
"""
PHP = f"""
function go() {{
    for ($i = 0; $i < {TIMES}; $i++) @stream_socket_client('tcp://127.0.0.1:9');
}}
function inner($n) {{ $n ? inner($n - 1) : go(); }}
inner({DEPTH - 2});
"""


def interpreters():
    for path in ["/usr/bin/python3", *sorted(glob.glob(os.path.expanduser(
            "~/.pyenv/versions/3.*/bin/python3.[0-9]*[0-9]")))]:
        if os.path.exists(path):
            yield "python", path, "-c", PYTHON
    for language, name, option, program in (("ruby", "ruby", "-e", RUBY),
                                            ("perl", "perl", "-e", PERL),
                                            ("php", "php", "-r", PHP)):
        path = shutil.which(name)
        if path:
            yield language, path, option, program


def main():
    status = 0
    print(f"{'interpreter':52} {'frames':>6} {'native':>6} {'first us':>8} {'median us':>9} limit")
    for language, path, option, program in interpreters():
        _, stacks = probe.run([path, option, program])
        frames = len(stacks[-1].frames(language))
        if frames == 0:
            continue
        median = statistics.median(stack.ns for stack in stacks[1:]) / 1000
        verdict = "ok" if median <= LIMIT_US else "TOO-MUCH"
        status |= verdict != "ok"
        print(f"{os.path.realpath(path):52} {frames:6} {len(stacks[-1].frames('native')):6} "
              f"{stacks[0].ns / 1000:8.1f} {median:9.1f} {LIMIT_US:5} {verdict}")
    return status


sys.exit(main())
