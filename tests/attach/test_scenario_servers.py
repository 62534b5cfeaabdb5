#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The scenario tests of other servers' goodbyes, and of workers that have changed their user, with `forksan attach` in
the library's place."""

import attaching
from toolkit import finish

attaching.need()
attaching.scenario("test_11_goodbyes_of_other_servers.py", *(f"OtherGoodbyes.test_{name}" for name in (
    "redis", "memcached", "ldap")))
attaching.scenario("test_15_dropped_privileges.py")
finish()
