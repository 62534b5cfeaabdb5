#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Processes killed at any instant, threads that fork while others talk, alarms that talk while we
report; a little of each.  long_storms.py has the numbers of the design.

	test_storms.py [SEED]
"""

import random
import sys

import chaos
import storms
from chaos import check


def main():
    seed = sys.argv[1] if len(sys.argv) > 1 else str(random.randrange(1, 1 << 30))
    print(f"seed {seed}")
    with chaos.Place() as place:
        program = storms.build(place)
        storms.storm(place, program, ["kill", seed, "300"], kills=2000, seconds=60)
        counters = storms.storm(place, program, ["threads", "300"])
        # Two forkers, the server, the last child.
        check(counters.get("forks") == 2 * 300 + 2, "every fork of threads is counted", counters)
        storms.storm(place, program, ["alarms", "300"], lost_ok=("lost_reports", "unwritten_records"))
        counters = storms.storm(place, program, ["forks", "500"])
        check(counters.get("forks") == 500 + 2, "every fork is counted", counters)
        check(counters.get("uses_violation") == 499 + 1, "every violation is counted", counters)
        # More different findings than the table has room for; what is shared afterwards is another mistake.
        counters = storms.storm(place, program, ["mistakes", "5500"],
                                needs_record=lambda record: record.get("merged") == "sites" and record["repeat"] >= 1000)
        check(counters.get("violations_seen", 0) > 5500, "every violation of a mistake is counted", counters)
        storms.storm(place, program, ["live", "100"])
        storms.storm(place, program, ["sockets", "2000"], needs="all open")
        storms.storm(place, program, ["orphans", "2000"], needs="all open")
        storms.storm(place, program, ["connects", "5000"], options={"watch": "all"})
    chaos.finish()


if __name__ == "__main__":
    main()
