#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The table of disturbances in docs/fleet.md, with 6000 records each (`make fleet-soak`)."""

import os
import sys

import disturbances
import fleet

COUNT = 6000


def main():
    if fleet.lacking():
        print(fleet.lacking())
        return 77
    run = disturbances.run
    good = [
        run(disturbances.kill_the_centre, COUNT, times=3),
        run(disturbances.kill_the_centre, COUNT, times=8),
        run(disturbances.crash_the_store, COUNT, times=4),
        run(disturbances.fail_at_commit, COUNT // 10),
        *(run(disturbances.end_the_agents, COUNT, how=how, hung=hung)
          for how in ("kill", "stop") for hung in (False, True)),
        run(disturbances.rotate_the_logs, COUNT, times=3),
        run(disturbances.rotate_the_logs, COUNT, times=6),
    ]
    if os.getuid() == 0:
        with disturbances.small_disk(90) as data:
            good.append(run(disturbances.fill_the_disk, COUNT, data=data,
                            settings=["min_wal_size=32MB", "max_wal_size=32MB"]))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
