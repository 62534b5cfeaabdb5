#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The findings of all scenario programs together are as small as docs/log.md promises: 2 kB at the median, 99 of 100
below 4 KiB, none above 8 KiB.  The scenario tests, which run before this one, have left their sizes; without them
some are run here."""

import glob
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import forksan_log
import scenario

LEAST_FILES = 4


def left():
    """Sizes of the files that ran with this library."""
    newer = os.path.getmtime(forksan_log.SHIM)
    return [path for path in glob.glob(os.path.join(scenario.SIZES, "*.json")) if os.path.getmtime(path) > newer]


if len(left()) < LEAST_FILES:
    for name in ("01_pool_shared_by_two_workers", "07_bare_connection", "08_goodbyes", "09_crossed_replies"):
        subprocess.run([sys.executable, os.path.join(HERE, f"test_{name}.py")], check=True)
sizes = []
for path in left():
    with open(path, encoding="utf-8") as file:
        sizes += json.load(file)
print(f"{len(left())} files")
sys.exit(0 if sizes and scenario.are_small(sizes, median=2000) else 1)
