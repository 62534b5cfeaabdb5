#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The probe sees the frames that PHP's debug_backtrace() sees: $FORKSAN_PHP, or php; with and
without the opcode cache where that is built in.  Functions written in C are left out."""

import json
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import probe  # noqa: E402

PROGRAM = os.path.join(probe.PROGRAMS, "frames.php")
PHP = os.environ.get("FORKSAN_PHP") or shutil.which("php")


class Frames(unittest.TestCase):
    maxDiff = None

    def check(self, *options):
        output, stacks = probe.run([PHP, *options, PROGRAM])
        expected = [json.loads(line) for line in output.splitlines()]
        stacks = [stack for stack in stacks if stack.call == "connect"]
        self.assertGreaterEqual(len(expected), 17)
        self.assertEqual(len(expected), len(stacks))
        for (what, frames), stack in zip(expected, stacks):
            with self.subTest(what):
                seen = stack.frames("php")
                # an anonymous class is named "class@anonymous", NUL, and where it is
                frames = [(name.split("\0")[0].split("::")[-1] if "\0" in name else name,
                           file, line) for name, file, line in frames]
                seen = [(name.split("::")[-1] if "@anonymous" in name else name, file, line)
                        for name, file, line in seen]
                self.assertEqual(frames, seen)
                self.assertEqual("{}:{}".format(*frames[0][1:]), stack.culprit)
                self.assertIn("native", stack.languages)

    def test_frames(self):
        self.check()
        version = subprocess.run([PHP, "-r", "echo PHP_VERSION, PHP_ZTS ? ' ZTS' : ' NTS';"],
                                 stdout=subprocess.PIPE, text=True, check=True)
        print("run for real: php", version.stdout.strip(), file=sys.stderr)

    def test_frames_with_the_opcode_cache(self):
        self.check("-d", "opcache.enable_cli=1", "-d", "opcache.jit=disable")

    def test_frames_with_the_just_in_time_compiler(self):
        self.check("-d", "opcache.enable_cli=1", "-d", "opcache.jit_buffer_size=16M",
                   "-d", "opcache.jit=1255")


if __name__ == "__main__":
    if PHP is None:
        probe.skip("no php")
    unittest.main()
