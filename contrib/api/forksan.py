# SPDX-License-Identifier: MIT
"""forksan(3) from Python: no-ops unless libforksan.so is preloaded.

    import forksan
    forksan.label(connection.fileno(), "orders-db")
    if forksan.check():
        ...  # connections are open that a fork would share
"""

import ctypes

_library = ctypes.CDLL(None)
_callback_type = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_long)
_callback = None  # kept as long as it may be called


def _function(name, result, *arguments):
    function = getattr(_library, f"forksan_api_{name}", None)
    if function is None:
        return lambda *_: 0 if result else None
    function.restype, function.argtypes = result, arguments
    return function


active = _function("active", ctypes.c_int)
ignore = _function("ignore", None, ctypes.c_int)
hand_over = _function("hand_over", None, ctypes.c_int)
check = _function("check", ctypes.c_int)
findings = _function("findings", ctypes.c_long)
_label = _function("label", None, ctypes.c_int, ctypes.c_char_p)
_on_finding = _function("on_finding", None, _callback_type, ctypes.c_void_p)


def label(fd, name):
    _label(fd, name.encode())


def on_finding(function):
    """function(violations) is called by findings() and check(), and at exit."""
    global _callback
    _callback = _callback_type(lambda _context, violations: function(violations))
    _on_finding(_callback, None)
