#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""stress-ng's stressors of sockets, descriptors and processes, a minute each for those of the short
test, SECONDS (5) for the others.

	long_stress_ng.py [SECONDS]
"""

import sys

import compare
import stress_ng
from test_stress_ng import SHORT


def main():
    if not compare.find("stress-ng"):
        compare.skip("stress-ng is not installed")
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with compare.Place() as place:
        for stressor in stress_ng.STRESSORS:
            long = stressor in SHORT and len(sys.argv) == 1
            stress_ng.compare_stressor(place, stressor, 60 if long else seconds)
    compare.finish()


if __name__ == "__main__":
    main()
