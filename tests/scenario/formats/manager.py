# SPDX-License-Identifier: MIT
"""A manager of multiprocessing.  Two children of os.fork(), which multiprocessing does not know of,
call through one proxy: through its one connection.  With FORMATS_SOUND only the first of them does."""

import os
from multiprocessing.managers import BaseManager


class Numbers:
    def add(self, a, b):
        return a + b


class Manager(BaseManager):
    pass


Manager.register("numbers", Numbers)
manager = Manager()
manager.start()
numbers = manager.numbers()
assert numbers.add(1, 2) == 3
for i in range(1 if os.environ.get("FORMATS_SOUND") else 2):
    pid = os.fork()
    if pid == 0:
        assert numbers.add(i, i) == 2 * i
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
manager.shutdown()
