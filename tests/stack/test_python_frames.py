#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every Python on this machine: the probe sees the frames that Python sees, in every kind of code.

Interpreters: /usr/bin/python3*, /usr/local/bin/python3*, those of pyenv, and $FORKSAN_PYTHONS
(paths, separated by colons).
"""

import glob
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import probe  # noqa: E402

PROGRAM = os.path.join(probe.PROGRAMS, "frames.py")
KNOWN = {(3, minor) for minor in range(8, 15)}
CASES = 23


def pythons():
    patterns = ("/usr/bin/python3.*[0-9]", "/usr/local/bin/python3.*[0-9]",
                os.path.expanduser("~/.pyenv/versions/*/bin/python3.*[0-9]"))
    paths = [path for pattern in patterns for path in glob.glob(pattern)]
    paths += filter(None, os.environ.get("FORKSAN_PYTHONS", "").split(":"))
    found = {}
    for path in paths:
        query = [path, "-c", "import sys; print(sys.version_info[0], sys.version_info[1], "
                             "hasattr(sys, '_is_gil_enabled') and not sys._is_gil_enabled())"]
        done = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if done.returncode == 0:
            major, minor, free_threaded = done.stdout.split()
            found[os.path.realpath(path)] = (int(major), int(minor)), free_threaded == "True"
    return found


class Frames(unittest.TestCase):
    maxDiff = None

    def check(self, path):
        output, stacks = probe.run([path, PROGRAM])
        expected = [json.loads(line) for line in output.splitlines()]
        self.assertEqual(CASES, len(expected))
        stacks = [stack for stack in stacks if stack.call == "connect"]
        self.assertEqual(len(expected), len(stacks))
        for (what, frames), stack in zip(expected, stacks):
            with self.subTest(what):
                frames = [tuple(frame) for frame in frames]
                seen = stack.frames("python")
                self.assertEqual(frames[:len(seen)], seen)
                if len(seen) < len(frames):
                    self.assertTrue(stack.truncated)
                    self.assertGreater(len(seen), 20)
                file, line = frames[0][1:]
                if file.startswith("<"):
                    file, line = frames[1][1:]
                self.assertEqual(f"{file}:{line}", stack.culprit)
                self.assertIn("native", stack.languages)

    def test_known_versions(self):
        seen = []
        for path, (version, free_threaded) in sorted(pythons().items()):
            if version in KNOWN and not free_threaded:
                seen.append(path)
                with self.subTest(path):
                    self.check(path)
        print("run for real:", ", ".join(seen), file=sys.stderr)
        self.assertTrue(seen)

    def unknown(self):
        found = [path for path, (version, free_threaded) in pythons().items()
                 if version not in KNOWN or free_threaded]
        if not found:
            self.skipTest("no Python of an unknown version here")
        return found

    def test_unknown_versions_say_so(self):
        for path in self.unknown():
            with self.subTest(path):
                program = ("import socket; s = socket.socket(); "
                           "s.connect_ex(('127.0.0.1', 9))")
                _, stacks = probe.run([path, "-c", program])
                self.assertEqual([], stacks[0].frames("python"))
                self.assertIn("native", stacks[0].languages)
                self.assertIn("is not known", stacks[0].complaint)

    def test_a_free_threaded_build_says_so(self):
        """Such a build is told by a word in its _PyRuntime.  Debian has none: the word is set here (`make free-threaded`
        has a real one)."""
        paths = [path for path, (version, _) in pythons().items() if version in KNOWN and version >= (3, 13)]
        if not paths:
            self.skipTest("no Python 3.13 or later here")
        for path in paths:
            with self.subTest(path):
                program = ("import ctypes, socket; word = ctypes.c_uint64 * 3; "
                           "word.in_dll(ctypes.pythonapi, '_PyRuntime')[2] = 1; "
                           "s = socket.socket(); s.connect_ex(('127.0.0.1', 9))")
                _, stacks = probe.run([path, "-c", program])
                self.assertEqual([], stacks[0].frames("python"))
                self.assertIn("native", stacks[0].languages)
                self.assertIn("(or this build of it) is not known", stacks[0].complaint)

    def test_each_process_says_it_at_its_end(self):
        for path in self.unknown()[:1]:
            result = subprocess.run(
                [os.path.join(probe.BUILD, "forksan"), "run", path, os.path.join(probe.PROGRAMS, "share.py")],
                env={**os.environ, "FORKSAN_OPTIONS": "verbosity=1"}, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True)
            self.assertEqual(66, result.returncode, result.stdout)
            lines = [line for line in result.stdout.splitlines() if "stacks have no Python frames" in line]
            self.assertEqual(2, len(lines), lines)


if __name__ == "__main__":
    unittest.main()
