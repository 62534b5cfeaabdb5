#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""No stack blocks: taken in signal handlers that interrupt malloc and the loader, and in fork
children of threads that are inside both (programs/interrupted.c)."""

import collections
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import probe  # noqa: E402


def build():
    path = os.path.join(probe.BUILD, "tests", "stack", "interrupted")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-g", "-pthread", "-D_GNU_SOURCE",
                    "-rdynamic",
                    "-o", path, os.path.join(probe.PROGRAMS, "interrupted.c"), "-ldl"], check=True)
    return path


class Interrupted(unittest.TestCase):
    def test_signal_handlers(self):
        _, stacks = probe.run([build(), "signals"])
        self.assertGreaterEqual(len(stacks), 1500)
        # the handler, what it interrupted, and main are all there, in nearly all of them
        whole = [stack for stack in stacks
                 if {"on_signal", "main"} <= {frame[0] for frame in stack.frames("native")}]
        self.assertGreater(len(whole), len(stacks) * 0.95)

    def test_fork_children_of_threads(self):
        _, stacks = probe.run([build(), "forks"])
        parent = collections.Counter(stack.pid for stack in stacks).most_common(1)[0][0]
        children = [stack for stack in stacks if stack.pid != parent]
        self.assertGreaterEqual(len(children), 300)
        for stack in children:
            self.assertIn("main", {frame[0] for frame in stack.frames("native")})


if __name__ == "__main__":
    unittest.main()
