"""A program of green threads: one waits for Redis in eventlet's hub, whose epoll instance a fork shares.
The child kills its copy of the waiting thread and closes its copy of the connection.  argv: the port.
Prints `answered` or, when the parent's thread is not woken by the answer, `deaf`."""

import os
import sys

import eventlet

eventlet.monkey_patch()

import socket  # noqa: E402

PING = b"PING\r\n"

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))  # MARK opened
connection.sendall(PING)
assert connection.recv(64)
waiting = eventlet.spawn(connection.recv, 64)
eventlet.sleep(0)
pid = os.fork()  # MARK forked
if pid == 0:
    waiting.kill()
    connection.close()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
connection.sendall(PING)
with eventlet.Timeout(1, False):
    waiting.wait()
    print("answered", flush=True)
    os._exit(0)
print("deaf", flush=True)
os._exit(0)
