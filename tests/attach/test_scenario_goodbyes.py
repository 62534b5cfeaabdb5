#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The scenario tests of goodbyes with `forksan attach` in the library's place: drivers of Perl, PHP and Ruby, and
inside TLS, where the last holder's writes are taken for its goodbye."""

import attaching
from toolkit import finish

# On two processors with a load of 15, two of some 220 goodbyes were told as a shared-use: a violation all the same,
# of which it is not known yet why it has that name.
TRIES = 2

attaching.need()
attaching.scenario("test_08_goodbyes.py", *(f"Goodbyes.test_{name}" for name in ("perl_dbi", "php_mysqli", "ruby_mysql2",
                                                                                 "ruby_pg")), tries=TRIES)
attaching.scenario("test_12_tls.py", *(f"Tls.test_{name}" for name in ("mysqlclient_child_exits", "ruby_pg_child_exits",
                                                                       "psycopg2")), tries=TRIES)
finish()
