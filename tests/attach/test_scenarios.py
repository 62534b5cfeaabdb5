#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The scenario tests of shared connections and crossed replies with `forksan attach` in the library's place.  The
others that use Scenario.watched() (test_02, test_04, test_05, test_15) pass like this, too, but take their time."""

import attaching
from toolkit import finish

attaching.need()
for name in ("test_01_pool_shared_by_two_workers.py", "test_07_bare_connection.py", "test_09_crossed_replies.py"):
    attaching.scenario(name)
finish()
