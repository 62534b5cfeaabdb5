#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The scenario test of goodbyes with `forksan attach` in the library's place: drivers of Perl, PHP and Ruby."""

import attaching
from toolkit import finish

attaching.need()
attaching.scenario("test_08_goodbyes.py", *(f"Goodbyes.test_{name}" for name in ("perl_dbi", "php_mysqli", "ruby_mysql2",
                                                                                 "ruby_pg")))
finish()
