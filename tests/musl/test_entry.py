#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The library built for musl: the entry tests with subjects of musl, driven by the tests of glibc that
read their logs; the stacks of a program of musl; and `forksan run` with a program and a library of musl."""

import os
import shutil
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
MUSL = os.path.join(BUILD, "musl")
LIBRARY = os.path.join(MUSL, "libforksan.so")
HERE = os.path.dirname(os.path.abspath(__file__))

sys.path.insert(0, os.path.join(HERE, "../support"))
from other_libc import check_stacks, entry_tests  # noqa: E402


def stacks(directory):
    """A program of musl under `forksan run`: its whole stack, and the one of a signal handler."""
    program = os.path.join(directory, "shares")
    log = os.path.join(directory, "log")
    subprocess.run(["musl-gcc", "-g", "-O1", "-rdynamic", "-Wl,--eh-frame-hdr", "-o", program,
                    os.path.join(HERE, "../support/shares.c")], check=True)
    # The launcher finds the library beside itself first.
    shutil.copy(os.path.join(BUILD, "forksan"), directory)
    shutil.copy(LIBRARY, directory)
    result = subprocess.run([os.path.join(directory, "forksan"), "run", "-o", log, program],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False)
    if result.returncode != 66:
        sys.exit(f"forksan run: status {result.returncode}, not 66\n{result.stdout}")
    check_stacks(log)

    result = subprocess.run([os.path.join(directory, "forksan"), "run", "/bin/true"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False)
    if result.returncode != 126 or "glibc" not in result.stdout:
        sys.exit(f"a program of glibc with a library of musl: {result.returncode}\n{result.stdout}")


def main():
    if not shutil.which("musl-gcc"):
        print("needs musl-gcc (musl-tools)")
        return 77
    entry_tests(MUSL, LIBRARY)
    with tempfile.TemporaryDirectory() as directory:
        stacks(directory)
    print("ok")
    return 0


sys.exit(main())
