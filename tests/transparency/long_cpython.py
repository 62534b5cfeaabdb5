#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""CPython's own tests of sockets, processes, signals, TLS and asyncio (Debian's
libpython3.11-testsuite), one module after the other.

	long_cpython.py [MODULE...]

FORKSAN_MODE=isolate has them run in that mode: nothing may be isolated.
"""

import os
import sys

import compare
import cpython

MODULES = ("test_socket", "test_subprocess", "test_os", "test_multiprocessing_fork", "test_asyncio",
           "test_ssl", "test_select", "test_signal", "test_socketserver", "test_httpservers",
           "test_threading", "test_concurrent_futures", "test_fork1", "test_epoll", "test_poll",
           "test_posix", "test_pty", "test_tempfile", "test_fcntl", "test_mmap", "test_eintr",
           "test_io", "test_ftplib", "test_smtplib", "test_xmlrpc", "test_selectors")


def main():
    if not cpython.available():
        compare.skip("CPython's tests are not installed (libpython3.11-testsuite)")
    with compare.Place() as place:
        for module in sys.argv[1:] or MODULES:
            # AF_VSOCK without a hypervisor: some tests wait for ever, with and without us.
            cpython.compare_module(place, module, "-u", "network", "-i", "*VSOCK*",
                                   "-i", "*Network*", seconds=300,
                                   modes=(os.environ.get("FORKSAN_MODE", "warn"),))
    compare.finish()


if __name__ == "__main__":
    main()
