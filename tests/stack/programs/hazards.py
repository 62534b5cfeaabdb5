# SPDX-License-Identifier: MIT
"""Stacks at the awkward moments of a Python process.  The argument names one; an alarm ends a program
that hangs.  For Python 3.8 and later."""

import ctypes
import gc
import os
import signal
import socket
import sys
import threading
import time
import warnings

warnings.simplefilter("ignore", DeprecationWarning)  # of os.fork() in a process with threads
ADDRESS = ("127.0.0.1", 9)  # discard: nobody listens


def connect():
    with socket.socket() as s:
        s.connect_ex(ADDRESS)


def connect_from_depth(n):
    if n == 0:
        connect()
    else:
        connect_from_depth(n - 1)


def load():
    """Many threads that connect, come and go, while garbage is collected."""
    end = time.monotonic() + 1.5

    def worker():
        while time.monotonic() < end:
            connect_from_depth(5)
            thread = threading.Thread(target=connect)
            thread.start()
            cycle = []
            cycle.append(cycle)
            thread.join()

    threads = [threading.Thread(target=worker) for _ in range(6)]
    for thread in threads:
        thread.start()
    while time.monotonic() < end:
        gc.collect()
    for thread in threads:
        thread.join()


def fork_of_threads():
    """Children of a process whose threads are in the middle of everything."""
    stop = threading.Event()

    def worker():
        while not stop.is_set():
            connect_from_depth(3)
            [str(i) for i in range(100)]

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(60):
        pid = os.fork()
        if pid == 0:
            connect_from_depth(2)
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
    stop.set()
    for thread in threads:
        thread.join()


class ConnectsWhenCollected:
    def __init__(self, connect=connect):
        self.connect = connect  # module globals may be gone by then

    def __del__(self):
        self.connect()


def at_exit():
    """Destructors during finalization, daemon threads that go on, and C code after it all."""
    global survivor
    survivor = ConnectsWhenCollected()
    sys.modules["holder"] = ConnectsWhenCollected()
    sys.cycle = [ConnectsWhenCollected()]
    sys.cycle.append(sys.cycle)

    def forever():
        while True:
            connect_from_depth(2)

    for _ in range(3):
        threading.Thread(target=forever, daemon=True).start()
    time.sleep(0.2)
    libc = ctypes.CDLL(None)
    connect_in_c = ctypes.cast(libc.connect, ctypes.c_void_p)
    libc["__cxa_atexit"](connect_in_c, None, None)  # with whatever arguments


def deep_recursion():
    sys.setrecursionlimit(100000)
    threading.stack_size(512 << 20)
    thread = threading.Thread(target=connect_from_depth, args=(9000,))
    thread.start()
    thread.join()


def sub_interpreters():
    code = (f"import sys\nsys.path[:] = {sys.path!r}\n"
            "exec(compile('''\nimport socket\n\ndef connect_in_sub():\n"
            "    socket.socket().connect_ex(('127.0.0.1', 9))\n\n"
            "def work():\n    connect_in_sub()\nwork()\n''', 'sub.py', 'exec'), {})")
    try:
        import _interpreters as interpreters
    except ImportError:
        import _xxsubinterpreters as interpreters

    def run():
        sub = interpreters.create()
        interpreters.run_string(sub, code)
        interpreters.destroy(sub)

    run()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


signal.alarm(50)
globals()[sys.argv[1]]()
