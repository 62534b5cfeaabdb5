#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make attach-scenarios: the scenario tests with `forksan attach` in the library's place that test_scenario*.py beside
this leave out, some minutes."""

import attaching
from toolkit import finish

attaching.need()
for name in ("test_02_one_worker_or_no_preload.py", "test_04_pre_ping_and_recycle_share_still.py", "test_05_pgbouncer.py"):
    attaching.scenario(name)
attaching.scenario("test_08_goodbyes.py", *(f"Goodbyes.test_{name}" for name in (
    "dispose_without_close_of_a_c_driver", "dispose_without_close_of_guarded_drivers",
    "perl_dbd_mariadb_ignores_its_guard")))
attaching.scenario("test_11_goodbyes_of_other_servers.py", *(f"OtherGoodbyes.test_{name}" for name in (
    "memcached_binary", "amqp")))
attaching.scenario("test_12_tls.py", *(f"Tls.test_{name}" for name in (
    "mysqlclient", "pymysql", "https")))
finish()
