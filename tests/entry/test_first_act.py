#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A forked worker whose first act is to start a program is a process like any other.

CPython's subprocess starts programs with vfork(): the child closes and copies descriptors in the
worker's memory, before the worker has made any call that forksan looks at.  The parent uses the
connection again after the worker, so there is one violation to see, whatever the worker began with."""

import os
import socket
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import forksan_log  # noqa: E402

SUBJECT = """
import multiprocessing, os, socket, subprocess, sys
def first_act(how):
    if how == "run":
        subprocess.run(["true"], check=True)
    elif how == "popen":
        os.popen("true").read()
    elif how == "output":
        subprocess.check_output("echo x", shell=True)
    elif how == "spawn":
        os.waitpid(os.posix_spawn("/bin/true", ["true"], os.environ), 0)
def ask():
    connection.sendall(b"PING\\r\\n")
    assert connection.recv(100)
def work(how):
    first_act(how)
    ask()
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
how = sys.argv[2]
ask()
if how == "pool":
    with multiprocessing.get_context("fork").Pool(1) as pool:
        pool.map(work, ["run"])
elif os.fork() == 0:
    work(how)
    os._exit(0)
else:
    os.wait()
ask()
"""

failures = []


def serve(listener):
    def answer(connection):
        while connection.recv(100):
            connection.sendall(b"+PONG\r\n")

    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
threading.Thread(target=serve, args=(listener,), daemon=True).start()

with tempfile.TemporaryDirectory() as directory:
    for how in ("nothing", "run", "popen", "output", "spawn", "pool"):
        log = os.path.join(directory, how)
        env = forksan_log.forksan_env(log, watch="all")
        status = os.spawnve(os.P_WAIT, "/usr/bin/python3",
                            ["python3", "-c", SUBJECT, str(listener.getsockname()[1]), how], env)
        found = forksan_log.Log(log).findings(kind="shared-use")
        if status != 0 or len(found) != 1 or found[0]["other"]["relation"] != "child":
            failures.append(how)
            print(f"FAILED: {how}: status {status}, {len(found)} findings", *found, sep="\n    ")

sys.exit(1 if failures else 0)
