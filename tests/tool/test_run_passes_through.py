#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan run leaves CMD what it would be without it: status, signals, terminal, descriptors."""

import os
import pty
import select
import signal
import subprocess
import time

import toolkit
from toolkit import check, run, write

SLEEPER = (
    "import os, signal, sys, time\n"
    "def show(number, frame):\n"
    "    os.write(1, b'got %d\\n' % number)\n"
    "    if number == signal.SIGTERM:\n"
    "        signal.signal(number, signal.SIG_IGN)\n"  # the whole group got it: it comes twice
    "        sys.exit(5)\n"
    "for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGINT, signal.SIGCONT):\n"
    "    signal.signal(number, show)\n"
    "print('ready', os.getpid(), os.getpgrp(), flush=True)\n"
    "while True: signal.pause()\n"
)


def wait_for(stream, word):
    """Reads lines until one holds `word`."""
    while True:
        line = stream.readline()
        if not line or word in line:
            return line


def read_until(fd, word, seconds=20):
    """Reads a terminal until `word` has come; what came after it belongs to the next call."""
    got = b""
    end = time.monotonic() + seconds
    while word not in got:
        ready, _, _ = select.select([fd], [], [], max(0, end - time.monotonic()))
        if not ready:
            break
        try:
            got += os.read(fd, 4096)
        except OSError:
            break
    return got


# A shell without job control starts what is in the background with SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

with toolkit.Directory() as directory:
    tool = toolkit.private_tool(directory)

    # Exit statuses, and ends by a signal, as a shell would see them.
    for status in (0, 1, 7, 66, 255):
        result = run("run", "sh", "-c", f"exit {status}", program=tool)
        check(result.returncode == status, f"exit status {status}", result.returncode)
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGABRT, signal.SIGSEGV, signal.SIGINT):
        result = run("run", "sh", "-c", f"kill -{int(number)} $$", program=tool)
        check(result.returncode == -number, f"ended by signal {number}", result.returncode)

    # Output, input, arguments, the name of the program.
    result = run("run", "cat", stdin="through\n", program=tool)
    check(result.stdout == "through\n", "stdin and stdout are CMD's")
    result = run("run", "--", "printf", "%s|", "-o", "a b", "--strict", program=tool)
    check(result.stdout == "-o|a b|--strict|", "CMD's options are CMD's", result.stdout)
    result = run("run", "printf", "-s", program=tool)
    check("unknown" not in result.stderr, "also without --")
    script = write(os.path.join(directory, "plain"), 'echo "$# $1 $2"\n', 0o755)
    result = run("run", script, "one", "two words", program=tool)
    check(result.stdout == "2 one two words\n", "a script without #! goes to the shell")

    # Descriptors and signal actions are those of a bare run.
    listing = (
        "import os, signal\n"
        "print(sorted(int(n) for n in os.listdir('/proc/self/fd'))[:-1])\n"
        "s = open('/proc/self/status').read().split('\\n')\n"
        "print([l for l in s if l[:6] in ('SigBlk', 'SigIgn', 'SigCgt')])\n"
    )
    lister = write(os.path.join(directory, "list.py"), listing)
    for ignored in (signal.SIG_DFL, signal.SIG_IGN):

        def before_exec(action=ignored):
            signal.signal(signal.SIGCHLD, action)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])

        bare = run(lister, program="/usr/bin/python3", preexec_fn=before_exec)
        ours = run("run", "/usr/bin/python3", lister, program=tool, preexec_fn=before_exec)
        check(bare.stdout == ours.stdout, "descriptors and signals", bare.stdout, ours.stdout)

    # Signals sent to forksan reach CMD, and only CMD is asked.
    sleeper = write(os.path.join(directory, "sleeper.py"), SLEEPER)
    with subprocess.Popen(
        [tool, "run", "/usr/bin/python3", sleeper],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _, pid, group = wait_for(process.stdout, "ready").split()
        check(int(group) == os.getpgrp(), "CMD is in the caller's process group")
        for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGINT):
            process.send_signal(number)
            line = process.stdout.readline()
            check(line == f"got {int(number)}\n", f"signal {number} goes on to CMD", line)
        os.kill(int(pid), signal.SIGSTOP)
        os.kill(int(pid), signal.SIGCONT)
        check(process.stdout.readline() == "got 18\n", "CMD can be stopped alone")
        process.terminate()
        check(process.stdout.readline() == "got 15\n", "and signals go on afterwards")
        check(process.wait(20) == 5, "and CMD's way to end is its own")

    # A signal to the whole group ends CMD; the summary comes all the same.
    for _ in range(20):
        result = subprocess.run(
            [tool, "run", "sh", "-c", "kill -TERM 0; sleep 60"],
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        check(
            result.returncode == -15 and "not active" in result.stderr,
            "the group's end does not end forksan before its summary",
            result,
        )

    # A terminal: ^C reaches CMD once, ^Z stops the job and fg continues it.
    master, slave = pty.openpty()
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "-i"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=dict(os.environ, PS1="$ ", TERM="dumb"),
        preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0),
    )
    os.close(slave)
    os.write(master, f"{tool} run /usr/bin/python3 {sleeper}\n".encode())
    got = read_until(master, b"ready")
    check(b"ready" in got, "CMD runs on a terminal", got)
    os.write(master, b"\x03")
    got = read_until(master, b"got 2")
    check(b"got 2" in got, "^C reaches CMD", got)
    os.write(master, b"\x1a")
    got += read_until(master, b"Stopped")
    check(b"Stopped" in got, "^Z gives the shell its prompt back", got)
    check(got.count(b"got 2") == 1, "^C reached CMD once", got)
    os.write(master, b"fg\n")
    read_until(master, b"got 18")  # the shell gives the terminal away before it continues the job
    os.write(master, b"\x03")
    got = read_until(master, b"got 2")
    check(b"got 2" in got, "fg continues CMD, which has the terminal", got)
    os.write(master, b"\x1a")
    read_until(master, b"Stopped")
    os.write(master, b"kill -TERM %1; fg\n")
    read_until(master, b"got 15")
    os.write(master, b"echo status $?\n")
    got = read_until(master, b"status 5")
    check(b"status 5" in got, "the job's end and status are seen", got)
    os.write(master, b"exit\n")
    os.close(master)
    shell.wait(20)

toolkit.finish()
