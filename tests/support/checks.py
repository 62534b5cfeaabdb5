# SPDX-License-Identifier: MIT
"""Checks of a test that goes on after a failure, so that one run shows all."""

import sys

failures = []


def check(condition, what, *details):
    if condition:
        return
    failures.append(what)
    print(f"FAILED: {what}", *details, sep="\n    ")


def finish():
    print(f"{len(failures)} failures" if failures else "ok")
    sys.exit(1 if failures else 0)
