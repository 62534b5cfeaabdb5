# SPDX-License-Identifier: MIT
"""forks.py CONNECTIONS N: fork, exit and wait N times with so many connections open; prints microseconds of one, by
the clock and on a processor."""

import os
import resource
import socket
import sys
import time


def processor():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


connections, count = int(sys.argv[1]), int(sys.argv[2])
listener = socket.create_server(("127.0.0.1", 0))
held = [socket.create_connection(listener.getsockname()) for _ in range(connections)]
for one in held:
    one.sendall(b"*1\r\n$4\r\nPING\r\n")
wall, cpu = time.perf_counter(), processor()
for _ in range(count):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
print("%.3f %.3f" % ((time.perf_counter() - wall) * 1e6 / count, (processor() - cpu) * 1e6 / count))
