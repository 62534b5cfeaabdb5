#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every Python on this machine at its awkward moments: load, forks of threads, start and exit,
destructors, deep recursion, sub-interpreters, a host that unloads it.  Nothing crashes or hangs,
and the frames that can be seen are seen."""

import glob
import os
import subprocess
import sys
import sysconfig
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import probe  # noqa: E402
from test_python_frames import KNOWN, pythons  # noqa: E402

PROGRAM = os.path.join(probe.PROGRAMS, "hazards.py")
FRAME = "connect_from_depth"


class Hazards(unittest.TestCase):
    def each(self, check, case=None):
        """check(stacks) for every Python that ran `case`."""
        seen = 0
        for path, (version, free_threaded) in sorted(pythons().items()):
            if version not in KNOWN or free_threaded:
                continue
            seen += 1
            with self.subTest(path):
                check(probe.run([path, PROGRAM, case])[1])
        self.assertTrue(seen)

    def assert_python(self, stacks):
        having = [stack for stack in stacks if stack.frames("python")]
        self.assertEqual(len(stacks), len(having))

    def test_load(self):
        def check(stacks):
            self.assertGreater(len(stacks), 20)
            self.assert_python(stacks)
            for stack in stacks:
                names = [name for name, _, _ in stack.frames("python")]
                self.assertEqual("connect", names[0])
                self.assertTrue({FRAME, "run", "Thread.run"} & set(names), names)

        self.each(check, "load")

    def test_fork_children_of_threads(self):
        def check(stacks):
            self.assertGreater(len({stack.pid for stack in stacks}), 60)
            self.assert_python(stacks)

        self.each(check, "fork_of_threads")

    def test_exit(self):
        def check(stacks):
            names = [[name for name, _, _ in stack.frames("python")] for stack in stacks]
            destructors = [frames for frames in names
                           if any(name.endswith("__del__") for name in frames)]
            self.assertTrue(destructors)
            self.assertEqual([], names[-1])  # Python is gone

        self.each(check, "at_exit")

    def test_deep_recursion(self):
        def check(stacks):
            self.assertTrue(stacks[-1].truncated)
            self.assertEqual(["connect", FRAME],
                             [name for name, _, _ in stacks[-1].frames("python")[:2]])

        self.each(check, "deep_recursion")

    def test_sub_interpreters(self):
        def check(stacks):
            for stack in stacks:
                frames = stack.frames("python")
                self.assertEqual([("connect_in_sub", "sub.py", 5), ("work", "sub.py", 8),
                                  ("<module>", "sub.py", 9)], frames[:3])
                # the interpreter that started the other is further out
                self.assertIn("run", "".join(name for name, _, _ in frames[3:]))

        self.each(check, "sub_interpreters")

    def test_start(self):
        for path in pythons():
            with self.subTest(path):
                _, stacks = probe.run([path, "-c", "pass"], {"PYTHONPATH": probe.PROGRAMS})
                if stacks[0].complaint is None:
                    self.assertEqual("connect_at_start", stacks[0].frames("python")[0][0])


class Embedded(unittest.TestCase):
    def test_a_host_that_unloads_python(self):
        libraries = glob.glob(os.path.expanduser(
            "~/.pyenv/versions/*/lib/libpython3.[0-9]*.so.1.0"))
        libraries += glob.glob(os.path.join(sysconfig.get_config_var("LIBDIR"),
                                            "libpython3.[0-9]*.so.1.0"))
        if not libraries:
            self.skipTest("no libpython here")
        program = os.path.join(probe.BUILD, "tests", "stack", "embed")
        probe.library()
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-g", "-rdynamic", "-o", program,
                        os.path.join(probe.PROGRAMS, "embed.c"), "-ldl"], check=True)
        for library in libraries:
            home = os.path.dirname(os.path.dirname(library)) if ".pyenv" in library else "/usr"
            with self.subTest(library):
                _, stacks = probe.run([program, library], {"PYTHONHOME": home})
                self.assertEqual(15, len(stacks))
                for stack in stacks:
                    self.assertIn("main", [name for name, _, _ in stack.frames("native")])


if __name__ == "__main__":
    unittest.main()
