#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The probe sees the frames that Ruby sees: $FORKSAN_RUBY, or ruby.  Functions written in C are
left out; a block is named as its method."""

import json
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import probe  # noqa: E402

PROGRAM = os.path.join(probe.PROGRAMS, "frames.rb")
RUBY = os.environ.get("FORKSAN_RUBY") or shutil.which("ruby")


def base_label(label):
    return label.split(" in ")[-1].split("#")[-1].split(".")[-1]


class Frames(unittest.TestCase):
    maxDiff = None

    def test_frames(self):
        output, stacks = probe.run([RUBY, PROGRAM])
        expected = [json.loads(line) for line in output.splitlines()]
        stacks = [stack for stack in stacks if stack.call == "connect"]
        self.assertGreaterEqual(len(expected), 18)
        self.assertEqual(len(expected), len(stacks))
        for (what, frames), stack in zip(expected, stacks):
            with self.subTest(what):
                seen = [(base_label(label), file, line)
                        for label, file, line in stack.frames("ruby")]
                self.assertEqual([tuple(frame) for frame in frames], seen)
                self.assertEqual("{}:{}".format(*frames[0][1:]), stack.culprit)
                self.assertIn("native", stack.languages)
        version = subprocess.run([RUBY, "-v"], stdout=subprocess.PIPE, text=True, check=True)
        print("run for real:", version.stdout.strip(), file=sys.stderr)


if __name__ == "__main__":
    if RUBY is None:
        probe.skip("no ruby")
    unittest.main()
