# SPDX-License-Identifier: MIT
"""What the tests of hostile surroundings share: programs of this directory, and comparing their runs
with and without the shim (tests/transparency/compare.py).

    with chaos.Place() as place:
        share = place.build("share.c")
        place.plight("a small stack", [share, "connect", ...], kinds={"shared-use"})
    chaos.finish()
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "transparency"))

import compare  # noqa: E402
from compare import check, finish, forksan_log, skip  # noqa: E402,F401

FOREIGN_GOODBYES = "foreign-goodbye"


class Place(compare.Place):
    def build(self, source, *flags):
        path = os.path.join(self.path, source[:-2])
        subprocess.run(["gcc", "-O2", "-g", "-std=gnu11", "-D_GNU_SOURCE", "-o", path,
                        os.path.join(HERE, source), *flags, "-lpthread"], check=True)
        return path

    def plight(self, what, argv, *, kinds=None, atmost=False, **more):
        """The same output and status as bare.  `kinds`: the kinds of findings that there must be,
        and no others; with `atmost`, there may be.  None: whatever there is."""
        def look(log):
            if kinds is None:
                return
            found = set(log.kinds) - {"open-at-fork"}
            check(found <= set(kinds) if atmost else found == set(kinds),
                  f"{what}: findings {sorted(kinds)}", f"found {sorted(found)}")

        return self.same(what, argv, silent=False, after=look, **more)
