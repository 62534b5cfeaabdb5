# SPDX-License-Identifier: MIT
"""A TLS connection whose first bytes leave one by one, so that they are told and its hello is read
over as many writes; then two processes use it in turn.

APP_AUTHORITY: the file that signed the server's certificate.
"""

import os
import socket
import ssl

connection = socket.create_connection(("127.0.0.1", int(os.environ["APP_PORT"])))
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
context = ssl.create_default_context(cafile=os.environ["APP_AUTHORITY"])
context.set_alpn_protocols(["http/1.1"])
tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")


def flush(size):
    data = outgoing.read()
    for at in range(0, len(data), size):
        connection.sendall(data[at:at + size])


def finish(step):
    while True:
        try:
            return step()
        except ssl.SSLWantReadError:
            flush(1)
            incoming.write(connection.recv(65536))


def ask(path):
    tls.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    flush(65536)
    answer = b""
    while not answer.endswith(path.encode()):
        answer += finish(lambda: tls.read(65536))


finish(tls.do_handshake)
flush(1)
ask("/first")
child = os.fork()
if child == 0:
    ask("/child")
    os._exit(0)
os.waitpid(child, 0)
print("child", child)
try:
    ask("/parent")
except ssl.SSLError as error:
    print("damage", error)
