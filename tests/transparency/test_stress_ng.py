#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""stress-ng's stressors of sockets, descriptors and processes, a second each."""

import compare
import stress_ng

SHORT = ("sock", "sockpair", "fork", "vfork", "clone", "fd-fork", "dup", "close", "daemon", "exec")


def main():
    if not compare.find("stress-ng"):
        compare.skip("stress-ng is not installed")
    with compare.Place() as place:
        for stressor in SHORT:
            stress_ng.compare_stressor(place, stressor, 1)
    compare.finish()


if __name__ == "__main__":
    main()
