#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The scenario test of workers with engines of their own with `forksan attach` in the library's place."""

import attaching
from toolkit import finish

attaching.need()
attaching.scenario("test_03_engine_per_worker.py")
finish()
