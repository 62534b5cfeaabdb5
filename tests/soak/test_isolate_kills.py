#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""mode=isolate, and 10 000 processes killed at an instruction of their first use: no connection is
cut that was sound (tests/entry/test_isolate_kill.c).

	test_isolate_kills.py [SEED]
"""

import os
import random
import subprocess
import sys

KILLS = 10000
AT_ONCE = 400  # a case of the entry tests has 40 seconds


def main():
    program = os.path.join(os.environ.get("BUILD", "build"), "tests", "entry", "test_isolate_kill")
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.randrange(1, 1 << 30)
    for done in range(0, KILLS, AT_ONCE):
        environment = {**os.environ, "FORKSAN_KILLS": str(AT_ONCE),
                       "FORKSAN_SEED": str(seed + done)}
        result = subprocess.run([program], env=environment, stdout=subprocess.PIPE, check=False,
                                encoding="utf-8")
        if result.returncode != 0:
            print(f"seed {seed + done}\n{result.stdout[-4000:]}")
            return result.returncode
    print(f"{KILLS} killed, from seed {seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
