#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each disturbance of disturbances.py once, with few records: all of them come through, once."""

import os
import sys

import disturbances
import fleet

COUNT = 900


def main():
    if fleet.lacking():
        print(fleet.lacking())
        return 77
    good = [
        disturbances.run(disturbances.kill_the_centre, COUNT, times=3),
        disturbances.run(disturbances.crash_the_store, COUNT),
        disturbances.run(disturbances.fail_at_commit, COUNT // 3),
        disturbances.run(disturbances.end_the_agents, COUNT, how="kill"),
        disturbances.run(disturbances.end_the_agents, COUNT, how="stop"),
        disturbances.run(disturbances.rotate_the_logs, COUNT),
    ]
    if os.getuid() == 0:
        with disturbances.small_disk(60) as data:
            good.append(disturbances.run(disturbances.fill_the_disk, COUNT, data=data,
                                         settings=["min_wal_size=32MB", "max_wal_size=32MB"]))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
