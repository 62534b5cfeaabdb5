# SPDX-License-Identifier: MIT
"""Connects from many kinds of Python code.  Before each connect it prints, as JSON, the frames that
Python itself sees there, innermost first; the probe must see the same.  For Python 3.8 and later."""

import atexit
import json
import signal
import socket
import sys
import threading

QUALIFIED = sys.version_info >= (3, 11)  # code objects know their qualified name


def see(frame):
    frames = []
    while frame is not None:
        code = frame.f_code
        name = code.co_qualname if QUALIFIED else code.co_name
        frames.append((name, code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return frames


def connect(what):
    s = socket.socket()
    frames = see(sys._getframe())
    frames[0] = (*frames[0][:2], sys._getframe().f_lineno + 4)
    print(json.dumps([what, frames]), flush=True)
    try:
        # port 9, discard: nobody listens
        s.connect(("127.0.0.1", 9))
    except OSError:
        pass
    finally:
        s.close()


def recursive(n, what):
    if n == 0:
        connect(what)
    else:
        recursive(n - 1, what)


def generator():
    connect("generator")
    yield 1


class Class:
    def method(self):
        connect("method")

    @staticmethod
    def static():
        (lambda: connect("lambda in static method"))()

    @property
    def prop(self):
        connect("property")

    def __del__(self):
        connect("destructor")

    def __enter__(self):
        connect("__enter__")
        return self

    def __exit__(self, *_):
        connect("__exit__")


class Ünïcode:
    def 方法(self):
        connect("names that are not ASCII")


def closure():
    def inner():
        connect("closure")
    inner()


def a_statement_over_several_lines():
    return [
        1,
        connect(
            "several lines"
        ),
        2,
    ]


def coroutines():
    import asyncio

    async def inner():
        connect("coroutine")

    async def outer():
        await inner()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(outer())
    loop.close()


def threads():
    thread = threading.Thread(target=recursive, args=(3, "thread"))
    thread.start()
    thread.join()


def thread_with_a_small_stack():
    old = threading.stack_size(65536)
    thread = threading.Thread(target=recursive, args=(3, "small thread"))
    thread.start()
    thread.join()
    threading.stack_size(old)


def traced():
    sys.settrace(lambda *_: None)
    recursive(2, "traced")
    sys.settrace(None)


def on_signal(*_):
    connect("signal handler")


def main():
    recursive(0, "function")
    recursive(25, "recursion")
    list(generator())
    thing = Class()
    thing.method()
    Class.static()
    thing.prop
    with thing:
        pass
    del thing
    Ünïcode().方法()
    closure()
    a_statement_over_several_lines()
    coroutines()
    threads()
    thread_with_a_small_stack()
    traced()
    sorted([2, 1], key=lambda _: connect("callback of C code") or 0)
    exec("def f():\n\n  connect('exec')\nf()", globals())
    eval("connect('eval')")
    signal.signal(signal.SIGUSR1, on_signal)
    signal.raise_signal(signal.SIGUSR1)
    recursive(300, "deep recursion")


atexit.register(connect, "exit")
main()
