#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The table of shim/stack/python_layout.c against the headers of every Python that has them."""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import probe  # noqa: E402
from test_python_frames import pythons  # noqa: E402

IN_TABLE = {(3, minor) for minor in range(8, 13)}


def candidates():
    """(path, include directory) of each Python with its internal headers."""
    for path, (version, _) in sorted(pythons().items()):
        query = [path, "-c", "import sysconfig; print(sysconfig.get_path('include'))"]
        include = subprocess.run(query, stdout=subprocess.PIPE, text=True, check=True)
        include = include.stdout.strip()
        if version in IN_TABLE and os.path.isdir(os.path.join(include, "internal")):
            yield path, include


class Layout(unittest.TestCase):
    def test_offsets(self):
        for path, include in candidates():
            with self.subTest(path), tempfile.TemporaryDirectory() as directory:
                program = os.path.join(directory, "offsets")
                subprocess.run(
                    [os.environ.get("CC", "cc"), "-w", "-D_GNU_SOURCE", "-DHAVE_STD_ATOMIC",
                     "-I", include, "-I", f"{include}/internal", "-I", f"{probe.ROOT}/include",
                     "-I", f"{probe.ROOT}/shim", "-o", program,
                     os.path.join(probe.PROGRAMS, "python_offsets.c"),
                     os.path.join(probe.BUILD, "libinner.a")], check=True)
                done = subprocess.run([program], stdout=subprocess.PIPE, text=True)
                self.assertEqual((0, ""), (done.returncode, done.stdout))
                print("compared:", path, file=sys.stderr)


if __name__ == "__main__":
    if not list(candidates()):
        probe.skip("no Python with its internal headers here")
    unittest.main()
