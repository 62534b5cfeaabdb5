# SPDX-License-Identifier: MIT
"""gunicorn's hooks: says before each fork what the worker would share, and names the connections.

    gunicorn --preload -c contrib/api/gunicorn.conf.py app:app
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import forksan  # noqa: E402


def pre_fork(server, worker):
    shared = forksan.check()
    if shared:
        server.log.warning("forksan: connections open before the fork: %d; the log says where "
                           "they were opened", shared)


def worker_exit(server, worker):
    violations = forksan.findings()
    if violations:
        server.log.error("forksan: %d violations so far", violations)
