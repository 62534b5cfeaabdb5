# SPDX-License-Identifier: MIT
"""A child that exits inside the parent's `with` block closes the parent's AMQP connection.
APP_DRIVER is pika or amqp.  APP_GUARD=1 leaves with os._exit(), which runs no __exit__()."""

import os
import sys

PORT = int(os.environ["APP_PORT"])

if os.environ["APP_DRIVER"] == "pika":
    import pika

    def connect():
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", PORT))  # MARK opened_pika
else:
    import amqp

    def connect():
        connection = amqp.Connection(f"127.0.0.1:{PORT}")
        connection.connect()  # MARK opened_amqp
        return connection

with connect() as broker:
    child = os.fork()  # MARK forked
    if child == 0:
        if os.environ.get("APP_GUARD"):
            os._exit(0)
        sys.exit(0)
    os.waitpid(child, 0)
    print("child", child, flush=True)
    try:
        broker.channel()
    except OSError as error:
        # In pika it is the poller that fails: the child has taken the socket out of the epoll
        # instance, which is shared like the socket.
        print("damage", type(error).__name__, error, flush=True)
        os._exit(0)  # closing would fail, too
