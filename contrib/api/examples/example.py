# SPDX-License-Identifier: MIT
"""As example.c, from Python."""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import forksan  # noqa: E402


def ping():
    connection.sendall(b"PING\r\n")
    assert connection.recv(7, socket.MSG_WAITALL) == b"+PONG\r\n"


def in_child(*actions):
    pid = os.fork()
    if pid == 0:
        for action in actions:
            action()
        os._exit(0)
    os.waitpid(pid, 0)


def say(text):
    print(text, flush=True)


connection = socket.create_connection(("127.0.0.1", int(os.environ["APP_PORT"])))
fd = connection.fileno()
ping()
forksan.label(fd, "orders-db")
forksan.on_finding(lambda violations: say(f"callback {violations}"))
say(f"active {forksan.active()}\nopen {forksan.check()}")
in_child(lambda: forksan.hand_over(fd), ping, lambda: forksan.hand_over(fd))
ping()
in_child(lambda: forksan.ignore(fd), ping)
say(f"findings {forksan.findings()}")
in_child(ping)
ping()
say(f"findings {forksan.findings()}")
