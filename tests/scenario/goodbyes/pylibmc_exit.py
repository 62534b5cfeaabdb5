# SPDX-License-Identifier: MIT
"""libmemcached has no guard: a forked child that merely exits sends quit on the parent's
connection, from the destructor of the client.  APP_BINARY=1 speaks the binary protocol.
APP_GUARD=1 leaves with os._exit(), which runs no destructor."""

import os
import sys

import pylibmc

client = pylibmc.Client([f"127.0.0.1:{os.environ['APP_PORT']}"],
                        binary=bool(os.environ.get("APP_BINARY")))
client.set("name", "value")  # MARK opened
child = os.fork()  # MARK forked
if child == 0:
    if os.environ.get("APP_GUARD"):
        os._exit(0)
    sys.exit(0)
os.waitpid(child, 0)
print("child", child, flush=True)
try:
    assert client.get("name") == "value"
except (pylibmc.Error, AssertionError) as error:
    print("damage", repr(error))
