#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Scenario tests with `forksan attach` in the library's place (FORKSAN_BY=attach): the same kinds, connections,
processes and lines, and the same silence.  These are the founding ones; the others that use
Scenario.watched() (test_02, test_04, test_05, test_15) pass like this, too, but take their time.  The drivers of
Perl, PHP and Ruby are in the goodbyes.
"""

import os
import subprocess
import sys

import attaching
from toolkit import check, finish

TRIES = 2  # on a busy machine a stack may be left out: it is counted, but then a line is missing


def by_attach(name, *cases):
    return subprocess.run([sys.executable, os.path.join(SCENARIOS, name), *cases], capture_output=True, text=True,
                          timeout=280, check=False, env={**os.environ, "FORKSAN_BY": "attach",
                                                         "FORKSAN_BUILD": os.environ.get("BUILD", "build")})


attaching.need()
SCENARIOS = os.path.join(attaching.HERE, "..", "scenario")
GOODBYES = [f"Goodbyes.test_{name}" for name in ("perl_dbi", "php_mysqli", "ruby_mysql2", "ruby_pg")]
for scenario, *cases in (["test_01_pool_shared_by_two_workers.py"], ["test_03_engine_per_worker.py"],
                         ["test_07_bare_connection.py"], ["test_08_goodbyes.py", *GOODBYES],
                         ["test_09_crossed_replies.py"]):
    for _ in range(TRIES):
        result = by_attach(scenario, *cases)
        print(result.stdout)
        if result.returncode == 0:
            break
        print(result.stderr)
    check(result.returncode == 0, f"{scenario} by attach", result.stdout, result.stderr)
finish()
