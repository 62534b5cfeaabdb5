#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`forksan run` of a program that is started by another one which changes its user first (setpriv, su,
an entrypoint script): it cannot open the session's registry and begins one of its user's, of the same
name.  What that says is part of the launcher's summary and exit status, and nothing stays of it."""

import os
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import forksan_log  # noqa: E402

SKIPPED = 77
USERS = (6001, 6002)
SWITCH = ["setpriv", f"--reuid={USERS[0]}", f"--regid={USERS[0]}", "--clear-groups"]
VIOLATES = """
import os, socket, sys
def ask():
    connection.sendall(b"PING\\r\\n")
    assert connection.recv(100)
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
ask()
if os.fork() == 0:
    ask()
    os._exit(0)
os.wait()
ask()
"""
# The connection comes along: opened by root, used as another user.
TAKES_ALONG = """
import os, socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.sendall(b"PING\\r\\n")
connection.recv(100)
os.set_inheritable(connection.fileno(), True)
if os.fork() == 0:
    os.setresgid(6001, 6001, 6001)
    os.setresuid(6001, 6001, 6001)
    os.execv("/bin/true", ["true"])
os.wait()
"""
failures = []


def check(condition, what, *details):
    if not condition:
        failures.append(what)
        print(f"FAILED: {what}", *details, sep="\n    ")


def serve(listener):
    def answer(connection):
        while connection.recv(100):
            connection.sendall(b"+PONG\r\n")

    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


if os.getuid() != 0:
    print("needs root, to change the user")
    sys.exit(SKIPPED)
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
threading.Thread(target=serve, args=(listener,), daemon=True).start()
port = str(listener.getsockname()[1])


def run(*arguments):
    return subprocess.run([forksan_log.TOOL, "run", *arguments],
                          env=forksan_log.bare_env(FORKSAN_OPTIONS="watch=all"),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)


def left(uid):
    directory = f"/dev/shm/forksan-{uid}"
    return os.listdir(directory) if os.path.isdir(directory) else []


PYTHON = ["/usr/bin/python3", "-c"]
before = {uid: left(uid) for uid in USERS}

same = run(*PYTHON, VIOLATES, port)
check(same.returncode == 66, "the violation is seen without a switch", same.stderr)

switched = run(*SWITCH, *PYTHON, VIOLATES, port)
check(switched.returncode == 66, "the exit status says what the other user's program did",
      f"status {switched.returncode}", switched.stderr)
check("1 violation" in switched.stderr and "lost_session 1" in switched.stderr,
      "the verdict has both: what was found, and that the session was left", switched.stderr)
check("3 processes, 1 fork, 1 connection watched" in switched.stderr,
      "the counts are those of both", switched.stderr)

again = run(*SWITCH[:1], "--reuid=6001", "--keep-groups", "--inh-caps=+setuid",
            "--ambient-caps=+setuid", "setpriv", "--reuid=6002", "--keep-groups",
            *PYTHON, VIOLATES, port)
check(again.returncode == 66, "a second change of the user is followed",
      f"status {again.returncode}", again.stderr)

along = run(*PYTHON, TAKES_ALONG, port)
check("complete: false (lost_session 1)" in along.stderr,
      "a connection that leaves the session is said to be missed", along.stderr)

check({uid: left(uid) for uid in USERS} == before, "nothing stays of the registries",
      *[f"{uid}: {left(uid)}" for uid in USERS])

# The other user's program cannot write the log of root's: the verdict says so.
with tempfile.TemporaryDirectory() as directory:
    os.chmod(directory, 0o755)
    logged = run("-o", os.path.join(directory, "log"), *SWITCH, *PYTHON, VIOLATES, port)
check(logged.returncode == 66, "the exit status counts findings that were not logged",
      f"status {logged.returncode}", logged.stderr)
check("verdict: nothing found" not in logged.stderr and "lost_reports" in logged.stderr,
      "so does the verdict", logged.stderr)

sys.exit(1 if failures else 0)
