# SPDX-License-Identifier: MIT
"""A small service under test: two children use their parent's connection, to a Redis of two lines, and the root
is to be read-only.  Prints the user that it runs as."""

import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
if os.fork() == 0:
    peer, _ = listener.accept()
    while peer.recv(100):
        peer.sendall(b"+PONG\r\n")
    os._exit(0)
connection = socket.create_connection(listener.getsockname())
def ping():
    connection.sendall(b"*1\r\n$4\r\nPING\r\n")
    connection.recv(100)
for _ in range(2):
    if os.fork() == 0:
        ping()
        os._exit(0)
    os.wait()
for path in ("/usr/x", "/etc/x"):
    try:
        open(path, "w")
        sys.exit(f"{path} can be written")
    except OSError:
        pass
connection.close()
print("served by", os.getuid())
