# SPDX-License-Identifier: MIT
"""Child processes that never outlive the test, and waiting for events.

Every process started here is stopped by its own pid: at the end of its `with` block, at exit, on
SIGTERM/SIGINT/SIGHUP, and, when the test itself is killed, by the kernel (PR_SET_PDEATHSIG).
Nothing is ever stopped by name.

Waiting means poll() on what tells of a change: inotify on the directories where the awaited
process writes, and a pidfd that wakes when it dies.  RECHECK_MS only bounds the wait for what no
directory shows (a TCP port that starts to listen).

Standard library only.  Not for use from several threads at once.
"""

import atexit
import contextlib
import ctypes
import os
import pwd
import random
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

RECHECK_MS = 50
# On a machine on which much else runs, everything takes its time (tests/run, which has it from its caller).
PATIENCE = float(os.environ.get("FORKSAN_TIMEOUT_FACTOR", "1"))
SERVER_USER = "nobody"

# linux/prctl.h, linux/inotify.h
PR_SET_PDEATHSIG = 1
IN_MODIFY, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x2, 0x80, 0x100, 0x200

libc = ctypes.CDLL(None, use_errno=True)
live = []  # processes to stop at exit, oldest first
owner = os.getpid()


class Failed(Exception):
    """A server did not start, or an awaited event did not come."""


def server_account():
    """(uid, gid) that servers run as: ours, or that of nobody when we are root."""
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    entry = pwd.getpwnam(SERVER_USER)
    return entry.pw_uid, entry.pw_gid


@contextlib.contextmanager
def directory(prefix="forksan-"):
    """A temporary directory that servers can write, whoever they run as."""
    path = tempfile.mkdtemp(prefix=prefix)
    try:
        os.chown(path, *server_account())
        os.chmod(path, 0o755)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def free_port():
    """A loopback port below the kernel's ephemeral range, so no outgoing connection takes it
    between this test and the server's bind()."""
    for _ in range(200):
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Failed("no free port between 20000 and 32000")


class Process:
    """One child.  `log` takes its output; `dropped` runs it as SERVER_USER when we are root.
    `group` gives it a process group, and kills what is left of that when it has ended."""

    def __init__(self, argv, log, *, env=None, cwd=None, dropped=False, group=False,
                 stop_signal=signal.SIGTERM, death_signal=signal.SIGKILL):
        self.argv = argv
        self.log = log
        self.stop_signal = stop_signal
        self.group = group
        account = {}
        if dropped and os.getuid() == 0:
            uid, gid = server_account()
            account = {"user": uid, "group": gid, "extra_groups": []}
        tester = os.getpid()

        def die_with_tester():
            if group:
                os.setpgid(0, 0)
            # Runs after the change of user, which would have cleared the death signal.
            libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
            if os.getppid() != tester:
                os._exit(127)

        with open(log, "ab") as out:
            self.popen = subprocess.Popen(argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL,
                                          stdout=out, stderr=out, preexec_fn=die_with_tester,
                                          **account)
        self.pid = self.popen.pid
        self.pidfd = os.pidfd_open(self.pid)
        live.append(self)

    def alive(self):
        return self.popen.poll() is None

    def wait(self, seconds):
        """The exit status; None when it still runs after `seconds`."""
        select.select([self.pidfd], [], [], seconds)
        return self.popen.poll()

    def stop(self, seconds=20):
        """Asks, then kills.  Returns the exit status; harmless when repeated."""
        if self not in live:
            return self.popen.returncode
        if self.alive():
            self.popen.send_signal(self.stop_signal)
            if self.wait(seconds * PATIENCE) is None:
                self.popen.kill()
        status = self.popen.wait()
        if self.group:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        live.remove(self)
        os.close(self.pidfd)
        return status

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def wait_for(check, what, *, seconds=30, process=None, directories=()):
    """Returns check()'s first true value.  Raises Failed when `process` died or time is up."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    poll = select.poll()
    inotify = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        for path in directories:
            libc.inotify_add_watch(inotify, os.fsencode(path),
                                   IN_MODIFY | IN_MOVED_TO | IN_CREATE | IN_DELETE)
        poll.register(inotify, select.POLLIN)
        if process is not None:
            poll.register(process.pidfd, select.POLLIN)
        while True:
            value = check()
            if value:
                return value
            if process is not None and not process.alive():
                raise Failed(f"{process.argv[0]} ended with status {process.popen.returncode} "
                             f"before {what}:\n{process.output()[-3000:]}")
            if time.monotonic() > deadline:
                output = process.output()[-3000:] if process is not None else ""
                raise Failed(f"waited {seconds} s in vain for {what}\n{output}")
            poll.poll(RECHECK_MS)
            with contextlib.suppress(BlockingIOError):
                os.read(inotify, 65536)
    finally:
        os.close(inotify)


def stop_all():
    if os.getpid() != owner:  # a fork of the test: not its processes
        return
    for process in reversed(live[:]):
        process.stop()


def leave(number, _frame):
    raise SystemExit(128 + number)


atexit.register(stop_all)
for _number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(_number, leave)
