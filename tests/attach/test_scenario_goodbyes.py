#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The scenario tests of goodbyes with `forksan attach` in the library's place: drivers of Python, Perl, PHP and Ruby,
and inside TLS, where the last holder's writes are taken for its goodbye.  long_scenarios.py has the others."""

import attaching
from toolkit import finish

attaching.need()
attaching.scenario("test_08_goodbyes.py", *(f"Goodbyes.test_{name}" for name in (
    "python_mysqlclient", "python_parent_leaves_under_its_child", "python_opener_closes_before_an_idle_child", "perl_dbi",
    "php_mysqli", "ruby_mysql2", "ruby_pg")))
attaching.scenario("test_12_tls.py", *(f"Tls.test_{name}" for name in ("mysqlclient_child_exits", "ruby_pg_child_exits",
                                                                       "psycopg2")))
finish()
