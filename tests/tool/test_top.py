#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan top: a session while it runs, in a terminal and for scripts; and registries that are spoilt."""

import glob
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import servers
import toolkit
from toolkit import check

# A parent opens one connection and forks two children that use it in turns, on a word from stdin.
HOST = r"""
import os, socket, sys

port = int(sys.argv[1])

def connect():
    return socket.create_connection(("127.0.0.1", port))

connection = connect()
own = connect()

def ping(one):
    one.sendall(b"*1\r\n$4\r\nPING\r\n")
    one.recv(100)

ping(connection)
ends = []
for _ in range(2):
    here, there = os.pipe()
    back, done = os.pipe()
    if os.fork() == 0:
        own.close()
        os.write(done, b"r")
        while os.read(here, 1) == b"p":
            ping(connection)
            os.write(done, b".")
        os._exit(0)
    os.read(back, 1)
    ends.append((there, back))
print(os.getpid(), flush=True)
for line in sys.stdin:
    for there, back in ends:
        os.write(there, b"p")
        os.read(back, 1)
    print("done", flush=True)
for there, _ in ends:
    os.write(there, b"q")
for _ in ends:
    os.wait()
"""


class Host:
    """A session of its own, under forksan run."""

    def __init__(self, redis, directory):
        self.source = toolkit.write(os.path.join(directory, "shop.py"), HOST)
        port = redis.peer.rsplit(":", 1)[1]
        self.popen = subprocess.Popen(
            [toolkit.FORKSAN, "run", "-q", "-o", os.path.join(directory, "shop.jsonl"), "/usr/bin/python3",
             self.source, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True)
        self.pid = int(self.popen.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self.popen.stdin.closed:
            self.popen.stdin.close()
        self.popen.wait()

    def use(self):
        self.popen.stdin.write("go\n")
        self.popen.stdin.flush()
        self.popen.stdout.readline()


def top(*arguments, **more):
    return toolkit.run("top", *arguments, **more)


def test_one_look(redis, directory):
    with Host(redis, directory) as host:
        answer = json.loads(top("--json", "-p", str(host.pid)).stdout)
        check(answer["processes"] == 3 and answer["held_by_several"] == 1 and answer["connections_open"] == 2,
              "three processes, one connection that several hold", answer)
        first = answer["connections"][0]
        check(len(first["holders"]) == 3 and first["peer"] == redis.peer and first["protocol"] == "Redis"
              and not first["used_by_several"], "held, not used by several", first)
        check(first["opened_at"].startswith("shop.py:"), "where it was opened", first)
        check(first["opened_by"] == host.pid and host.pid in [each["pid"] for each in first["holders"]],
              "who opened it", first)
        check(answer["counters"]["violations"] == 0, "no violation yet", answer["counters"])
        check(top("--fail-on", "violation", "-p", str(host.pid)).returncode == 0, "--fail-on: none")
        host.use()
        host.use()
        answer = json.loads(top("--json", "-p", str(host.pid)).stdout)
        first = answer["connections"][0]
        check(answer["counters"]["violations"] > 0 and first["used_by_several"] and first["users"] >= 2
              and first["operations"] > 0, "used by several", first, answer["counters"])
        result = top("--fail-on", "violation", "-p", str(host.pid))
        check(result.returncode == 66, "--fail-on violation: 66", result)
        text = top("--once", answer["session"][:8]).stdout
        check(f"session      {answer['session']}" in text and "shop.py:" in text and f"{host.pid}*" in text
              and "missed       nothing" in text and "held by several" in text, "one look as text", text)
        listed = top("--list").stdout
        check(answer["session"] in listed and "3 processes" in listed, "--list names it", listed)
        if os.getuid() == 0:
            result = top("-p", str(host.pid), user=65534, group=65534, extra_groups=[],
                         program=private_copy(directory))
            check(result.returncode == 2 and "no session" in result.stderr, "another user sees nothing", result)
        with Host(redis, directory):
            result = top("--once")
            check(result.returncode == 2 and "sessions are meant" in result.stderr,
                  "of two sessions one must be named", result)
        session = answer["session"]
    result = top("--once", session)
    check(result.returncode == 2 and "there is no session" in result.stderr, "over with the session", result)


def private_copy(directory):
    os.chmod(directory, 0o755)
    path = os.path.join(directory, "forksan")
    shutil.copy(toolkit.FORKSAN, path)
    return path


class Terminal:
    """tmux with a server of its own, not one that is just ending."""

    servers = 0

    def __init__(self, directory, command):
        Terminal.servers += 1
        self.socket = os.path.join(directory, f"tmux{Terminal.servers}")
        self.tmux("new-session", "-d", "-x", "120", "-y", "24", command + "; echo status $?; sleep 60")

    def tmux(self, *arguments):
        return subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *arguments], capture_output=True,
                              text=True, check=False, env=dict(os.environ, LC_ALL="C.UTF-8", TERM="screen")).stdout

    def wait(self, what, *words):
        deadline = time.monotonic() + 20
        while True:
            screen = self.tmux("capture-pane", "-p")
            if all(word in screen for word in words):
                return screen
            if time.monotonic() > deadline:
                check(False, what, *screen.splitlines())
                return screen
            time.sleep(0.05)  # a terminal tells nobody that it has changed

    def close(self):
        self.tmux("kill-server")


def test_screen(redis, directory):
    if not shutil.which("tmux"):
        print("not tested: the screen (no tmux)")
        return
    with Host(redis, directory) as host:
        terminal = Terminal(directory, f"{toolkit.FORKSAN} top -i 0.2 -p {host.pid}")
        try:
            terminal.wait("the screen", "HELD USED", "shop.py:", "findings     0 violations", redis.peer, "q leaves")
            host.use()
            host.use()
            terminal.wait("the screen follows", "OPS/S", "in breach (")
            terminal.tmux("resize-window", "-x", "60", "-y", "12")
            terminal.wait("a smaller terminal", "HELD USED", "q leaves")
            terminal.tmux("send-keys", " ")
            terminal.wait("space pauses", "paused")
            terminal.tmux("send-keys", " ")
            terminal.tmux("send-keys", "Down")
            terminal.tmux("send-keys", "q")
            terminal.wait("q leaves", "status 0")
        finally:
            terminal.close()
        terminal = Terminal(directory, f"{toolkit.FORKSAN} top -i 0.2 -p {host.pid}")
        try:
            terminal.wait("the screen", "HELD USED")
            host.popen.stdin.close()
            terminal.wait("the session's end", "has ended", "status 0")
        finally:
            terminal.close()


def test_spoilt(redis, directory):
    """Whatever a process of the session writes into the registry, the tool reads it and goes on."""
    seed = int(os.environ.get("FORKSAN_SEED", "7"))
    source = random.Random(seed)
    with Host(redis, directory) as host:
        host.use()
        session = json.loads(top("--json", "-p", str(host.pid)).stdout)["session"]
        path = glob.glob(f"/dev/shm/forksan-{os.getuid()}/{session}")[0]
        size = os.path.getsize(path)
        extents = data_extents(path)
        name = "feedfacefeedface"
        spoilt = os.path.join(os.path.dirname(path), name)
        try:
            for turn in range(40):
                with open(spoilt, "w+b") as file:
                    file.truncate(size)
                    for start, data in extents:
                        file.seek(start)
                        file.write(data)
                    for _ in range(source.choice((10, 300, 3000))):
                        start, data = source.choice(extents)
                        # behind the words that say what it is
                        file.seek(max(64, start + source.randrange(len(data) - 8)))
                        file.write(source.choice((b"\xff" * 8, source.randbytes(8), bytes(8), b"\xff\xff\0\0" * 2,
                                                  b"\x1b[31m\n\x07\xc3")))
                    if turn % 4 == 1:  # the counts and marks of the header, too
                        file.seek(80)
                        file.write(source.randbytes(600))
                    if turn % 4 == 2:  # everything is there, and everybody holds it
                        file.seek(80)
                        file.write(b"\xff" * 32)
                        file.seek(4096)
                        file.write(b"\2\0\0\0" * 65536)
                for form in ("--once", "--json"):
                    result = top(form, name)
                    check(result.returncode == 0, f"spoilt (seed {seed}, turn {turn}): {form}", result.stderr)
                    check("\x1b" not in result.stdout, "no escape sequence reaches the terminal", turn)
                if failures_enough():
                    return
            os.truncate(spoilt, size // 2)
            result = top("--once", name)
            check(result.returncode == 65 and "its size is wrong" in result.stderr, "cut short: 65", result)
            os.truncate(spoilt, 100)
            check(top("--once", name).returncode == 65, "cut to a stub: 65")
            with open(spoilt, "r+b") as file:
                file.write(b"nonsense" * 100)
            result = top("--once", name)
            check(result.returncode == 65 and "does not begin as one" in result.stderr, "nonsense: 65", result)
            check("no registry of this forksan" in top("--list").stdout, "--list says so")
            os.unlink(spoilt)
            os.mkfifo(spoilt)
            check(top("--once", name).returncode == 65, "a fifo blocks nobody: 65")
        finally:
            os.unlink(spoilt)


def data_extents(path):
    """The parts of a sparse file that have pages."""
    extents = []
    with open(path, "rb") as file:
        at = 0
        while True:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                return extents
            end = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            file.seek(at)
            extents.append((at, file.read(end - at)))
            at = end


def failures_enough():
    return len(toolkit.failures) > 5


def test_valgrind(redis, directory):
    if toolkit.is_sanitized():
        return
    with Host(redis, directory) as host:
        host.use()
        for form in ("--once", "--json", "--list"):
            result = toolkit.run("--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=definite", "-q",
                                 toolkit.FORKSAN, "top", form, *(() if form == "--list" else ("-p", str(host.pid))),
                                 program="valgrind")
            check(result.returncode == 0, f"valgrind finds nothing: {form}", result.stderr)


def test_usage():
    for arguments, word in ((("a", "b"), "expected one session"), (("-i", "0"), "expected seconds"),
                            (("-p", "x"), "a number above 0"), (("--fail-on", "bug"), "expected notice"),
                            (("-p", "2147483647"), "in no session"), (("--jsn",), "--json"),
                            (("0123456789abcdef",), "there is no session")):
        result = top(*arguments)
        check(result.returncode == 2 and word in result.stderr, f"{arguments}: {word}", result)


with toolkit.Directory() as where, servers.redis() as server:
    test_one_look(server, where)
    test_screen(server, where)
    test_spoilt(server, where)
    test_valgrind(server, where)
    test_usage()
toolkit.finish()
