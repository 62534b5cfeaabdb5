#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The storms of tests/chaos again and again with new seeds, FORKSAN_SOAK_SECONDS (600) long.

	test_storms.py [SEED]			begins with this one
"""

import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "chaos"))

import chaos  # noqa: E402
import storms  # noqa: E402


def main():
    seconds = float(os.environ.get("FORKSAN_SOAK_SECONDS", "600"))
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1, 1 << 30)
    print(f"seed {seed}")
    end = time.monotonic() + seconds
    rounds = 0
    with chaos.Place() as place:
        program = storms.build(place)
        while time.monotonic() < end and not chaos.compare.failures:
            number = random.Random(seed + rounds)
            storms.storm(place, program, ["kill", str(seed + rounds), "1000"], kills=8000,
                         seconds=200)
            storms.storm(place, program, ["threads", str(number.randrange(1, 1000))], seconds=200)
            storms.storm(place, program, ["alarms", str(number.randrange(1, 500))], seconds=200,
                         lost_ok=("lost_reports", "unwritten_records"))
            storms.storm(place, program, ["live", str(number.randrange(1, 500))], seconds=200)
            rounds += 1
    print(f"{rounds} rounds")
    chaos.finish()


if __name__ == "__main__":
    main()
