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


def as_profilers_see(frames):
    """Since 3.4 Ruby's own list leaves out the frame of a method whose `rescue` runs, and names code of eval() as
    where it is; Ruby's interface for profilers, which forksan asks, does neither."""
    kept = []
    for function, file, line in frames:
        function = "<main>" if function == "<compiled>" else function
        if not kept or kept[-1][:2] != (function, file):
            kept.append((function, file, line))
    return kept


class Frames(unittest.TestCase):
    maxDiff = None

    def test_frames(self):
        output, stacks = probe.run([RUBY, PROGRAM])
        version = subprocess.run([RUBY, "-v"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        number = tuple(int(word) for word in version.split()[1].split(".")[:2])
        alike = as_profilers_see if number >= (3, 4) else list
        expected = [json.loads(line) for line in output.splitlines()]
        stacks = [stack for stack in stacks if stack.call == "connect"]
        self.assertGreaterEqual(len(expected), 18)
        self.assertEqual(len(expected), len(stacks))
        for (what, frames), stack in zip(expected, stacks):
            with self.subTest(what):
                seen = [(base_label(label), file, line)
                        for label, file, line in stack.frames("ruby")]
                self.assertEqual(alike([tuple(frame) for frame in frames]), alike(seen))
                self.assertEqual("{}:{}".format(*frames[0][1:]), stack.culprit)
                self.assertIn("native", stack.languages)
        print("run for real:", version, file=sys.stderr)


if __name__ == "__main__":
    if RUBY is None:
        probe.skip("no ruby")
    unittest.main()
