#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The probe sees the frames that Perl's caller() sees: $FORKSAN_PERL, or perl."""

import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import probe  # noqa: E402

PROGRAM = os.path.join(probe.PROGRAMS, "frames.pl")
PERL = os.environ.get("FORKSAN_PERL") or shutil.which("perl")


def parse(output):
    cases = []
    for line in output.splitlines():
        if line.startswith("# "):
            cases.append((line[2:], []))
        else:
            function, file, number = line.split("\t")
            if number != "0":  # called from C when no statement ran: left out
                cases[-1][1].append((function, file, int(number)))
    return cases


class Frames(unittest.TestCase):
    maxDiff = None

    def test_frames(self):
        output, stacks = probe.run([PERL, PROGRAM])
        expected = parse(output)
        stacks = [stack for stack in stacks if stack.call == "connect"]
        self.assertGreaterEqual(len(expected), 19)
        self.assertEqual(len(expected), len(stacks))
        for (what, frames), stack in zip(expected, stacks):
            with self.subTest(what):
                self.assertEqual(frames, stack.frames("perl"))
                self.assertEqual("{}:{}".format(*frames[0][1:]), stack.culprit)
                self.assertIn("native", stack.languages)
        version = subprocess.run([PERL, "-MConfig", "-e",
                                  "print qq($Config{version} $Config{archname})"],
                                 stdout=subprocess.PIPE, text=True, check=True)
        print("run for real: perl", version.stdout.strip(), file=sys.stderr)


if __name__ == "__main__":
    if PERL is None:
        probe.skip("no perl")
    unittest.main()
