# SPDX-License-Identifier: MIT
"""redis-py knows its process: what the child's copies of client and connection do at their end
(shutdown() in disconnect()) is left out, and the pool of a child is a new one."""

import os
import sys

import redis

client = redis.Redis(host="127.0.0.1", port=int(os.environ["APP_PORT"]))
client.set("name", "value")
child = os.fork()
if child == 0:
    client.get("name")
    client.close()
    client.connection_pool.disconnect()
    sys.exit(0)
os.waitpid(child, 0)
print("child", child, flush=True)
try:
    assert client.get("name") == b"value"
except redis.ConnectionError as error:
    print("damage", error)
