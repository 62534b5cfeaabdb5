# SPDX-License-Identifier: MIT
"""A child uses its parent's connection, to a Redis of one line, which the parent has used.  Any Python."""

import os
import socket

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(1)
connection = socket.create_connection(listener.getsockname())
peer, _ = listener.accept()


def ask():
    connection.sendall(b"*1\r\n$4\r\nPING\r\n")
    peer.recv(64)
    peer.sendall(b"+PONG\r\n")
    connection.recv(64)


if os.fork() == 0:
    ask()
    os._exit(0)
os.wait()
ask()
