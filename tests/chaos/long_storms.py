#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Storms of the size that the design promises: 20 000 kills, 10 000 forks beside 8 threads, 1000 live
processes, 65 536 open sockets, 1 M connects, and beyond the tables' sizes.

	long_storms.py [SEED]
"""

import random
import sys

import chaos
import storms
from chaos import check

SOCKETS = 65536
PROCESSES = 4096


def main():
    seed = sys.argv[1] if len(sys.argv) > 1 else str(random.randrange(1, 1 << 30))
    print(f"seed {seed}")
    with chaos.Place() as place:
        program = storms.build(place)
        counters = storms.storm(place, program, ["forks", "10000"], seconds=300)
        check(counters.get("forks") == 10000 + 2, "every fork is counted", counters)
        counters = storms.storm(place, program, ["threads", "5000"], seconds=300)
        check(counters.get("forks") == 2 * 5000 + 2, "every fork of threads is counted", counters)
        storms.storm(place, program, ["alarms", "5000"], seconds=300,
                     lost_ok=("lost_reports", "unwritten_records"))
        storms.storm(place, program, ["live", "1000"], seconds=300)
        # The table of processes is full: those beyond are counted and not watched.
        counters = storms.storm(place, program, ["live", str(PROCESSES + 200)], seconds=300,
                                lost_ok=("lost_processes",))
        check(not counters or counters["lost_processes"] >= 200, "processes beyond are counted",
              counters)
        storms.storm(place, program, ["connects", "1000000"], seconds=900,
                     options={"watch": "all"})
        storms.storm(place, program, ["sockets", str(SOCKETS - 100)], seconds=300,
                     needs="all open", options={"watch": "all"})
        counters = storms.storm(place, program, ["sockets", str(SOCKETS + 1000)], seconds=300,
                                needs="all open", options={"watch": "all"},
                                lost_ok=("lost_connections",))
        check(not counters or counters["lost_connections"] >= 1000, "sockets beyond are counted",
              counters)
        # All slots left behind by the dead: the next connection takes one back.
        storms.storm(place, program, ["orphans", str(SOCKETS)], seconds=300, needs="all open",
                     options={"watch": "all"})
        for i in range(10):
            storms.storm(place, program, ["kill", str(int(seed) + i), "2000"], kills=20000,
                         seconds=300)
    chaos.finish()


if __name__ == "__main__":
    main()
