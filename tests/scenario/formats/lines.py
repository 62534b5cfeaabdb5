# SPDX-License-Identifier: MIT
"""Requests that are lines of text, each answered by one line, on a connection from before the fork:

    lines.py PORT OPENING ANSWER REQUEST     two children ask and read in turn

With FORMATS_SOUND only the first child does.  PORT 0: an echo server of its own."""

import os
import socket
import sys


def echo_server():
    server = socket.create_server(("127.0.0.1", 0))
    if os.fork() == 0:
        connection, _ = server.accept()
        while data := connection.recv(1000):
            connection.sendall(data)
        os._exit(0)
    port = server.getsockname()[1]
    server.close()
    return port


def ask(connection, request):
    connection.sendall(request.encode() + b"\r\n")
    return connection.recv(1000).decode().rstrip("\r\n")


port, opening, answer, request = sys.argv[1:]
connection = socket.create_connection(("127.0.0.1", int(port) or echo_server()))
assert ask(connection, opening) == answer
for i in range(1 if os.environ.get("FORMATS_SOUND") else 2):
    pid = os.fork()
    if pid == 0:
        ask(connection, request)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
