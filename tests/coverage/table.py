#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Lines of shim/ and tools/ that the tests have run, by room, from what a coverage build has counted.

    tests/coverage/table.py BUILD_DIRECTORY [-v]     -v: also the lines of each file
"""

import collections
import glob
import os
import re
import subprocess
import sys


def lines_of(build):
    """{source file: (lines run, lines)} of every object that has counted."""
    found = {}
    for notes in glob.glob(os.path.join(build, "shim/**/*.gcno"), recursive=True) + glob.glob(
            os.path.join(build, "tools/**/*.gcno"), recursive=True):
        output = subprocess.run(["gcov", "-n", "-o", os.path.dirname(notes), notes], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, check=False).stdout
        for name, share, count in re.findall(r"File '([^']+)'\nLines executed:([\d.]+)% of (\d+)", output):
            if re.match(r"(shim|tools)/.*\.c$", name):
                found[name] = (round(float(share) * int(count) / 100), int(count))
    return found


def main():
    build = sys.argv[1]
    rooms = collections.defaultdict(lambda: [0, 0])
    found = lines_of(build)
    for name, (run, count) in sorted(found.items()):
        if "-v" in sys.argv and run < count:
            print(f"{name:<44} {run:6} {count:6} {100 * run / count:5.1f} %")
        parts = name.split("/")
        for room in ("/".join(parts[:2]) if len(parts) > 2 else parts[0], f"{parts[0]}, all", "all"):
            rooms[room][0] += run
            rooms[room][1] += count
    print("| room | lines run | lines | share |\n| --- | --- | --- | --- |")
    for room, (run, count) in sorted(rooms.items()):
        print(f"| {room} | {run} | {count} | {100 * run / count:.1f} % |")
    return 0 if found else 1


sys.exit(main())
