#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The quick ones of CPython's own tests of sockets, processes and signals (Debian's
libpython3.11-testsuite).  long_cpython.py runs them whole."""

import compare
import cpython


def only(*patterns):
    return [word for pattern in patterns for word in ("-m", pattern)]


def main():
    if not cpython.available():
        compare.skip("CPython's tests are not installed (libpython3.11-testsuite)")
    with compare.Place() as place:
        for module, *options in (
                ("test_select",),
                ("test_os",),
                ("test_socket", *only("*Basic*", "*SendmsgSCMRights*", "*Recvmsg*Rights*",
                                      "*TestUnixDomain*", "*NonBlocking*", "*Sendfile*",
                                      "*GeneralModule*"), "-i", "*VSOCK*"),
                ("test_subprocess", *only("*POSIX*", "*FileDesc*")),
                ("test_signal", *only("*Wakeup*", "*Pending*", "*Pidfd*")),
                ("test_socketserver", "-u", "network"),
                ("test_fork1",),
                ("test_posix",),
                ("test_pty",)):
            both = module in ("test_select", "test_socket", "test_socketserver")
            cpython.compare_module(place, module, *options, seconds=60,
                                   modes=("warn", "isolate") if both else ("warn",))
    compare.finish()


if __name__ == "__main__":
    main()
