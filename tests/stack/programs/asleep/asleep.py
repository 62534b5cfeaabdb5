# SPDX-License-Identifier: MIT
"""A child that sleeps in recv() on its parent's connection.  @N NAME marks the line and the function of
the N-th frame, the innermost first.  With an argument the child sleeps in a thread of its own."""
import os
import signal
import socket
import sys
import threading

listener = socket.create_server(("127.0.0.1", 0))
connection = socket.create_connection(listener.getsockname())


def reading(one):
    text = "äöü"
    for _ in [text]:
        return one.recv(1)  # @1 reading


class Shop:
    def order(self):
        return [reading(each) for each in self.all()]  # @2 Shop.order

    def all(self):
        yield connection


def other():
    signal.pause()


if os.fork() == 0:
    if len(sys.argv) > 1:
        thread = threading.Thread(target=lambda: Shop().order())
        thread.start()
        other()
    Shop().order()  # @3 <module>
print(os.getpid(), flush=True)
other()
