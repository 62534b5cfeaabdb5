#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""No false finding: messages that a server sends unasked (LISTEN/NOTIFY, pub/sub, notices),
pipelines, transactions, COPY and large replies read in pieces, on a connection that one process
uses while another holds a copy of it.

Where that one is the heir, its messages are followed, so not only the lineage rule is tested.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import cases
import scenario


class Pushes(cases.Cases):
    def check(self, protocol):
        self.start(protocol)
        for heir in ("", "1"):
            _, log = self.run_both("pushes.py", False, APP_PROTOCOL=protocol, APP_HEIR=heir)
            self.assert_no_violation(log)
            self.assertEqual(0, log.counters["replies_crossed"])
            hazards = log.findings(level="hazard")
            self.assertEqual(bool(heir), bool(hazards), "an heir's use is a hazard")
            for finding in hazards:
                self.assertEqual("inherited-use", finding["kind"])

    def test_postgresql(self):
        self.check("PostgreSQL")

    def test_redis(self):
        self.check("Redis")

    def test_memcached(self):
        self.check("memcached")

    def test_mysql(self):
        self.check("MySQL")


if __name__ == "__main__":
    scenario.main()
