#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""PHP opens its extensions with RTLD_DEEPBIND, which hides a preloaded library from them: libpq
under PDO is judged all the same, at the application's lines."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import cases
import forksan_log
import scenario

SCRIPT = os.path.join(cases.CASES, "pdo_pgsql.php")


class Deepbind(cases.Cases):
    def setUp(self):
        super().setUp()
        self.start("PostgreSQL")

    def test_parent_and_child_use_it(self):
        told, log = self.run_both("pdo_pgsql.php", False, APP_CASE="use")
        violations = log.findings(level="violation")
        self.assertEqual(["shared-use"], [finding["kind"] for finding in violations],
                         "\n".join(forksan_log.describe(finding) for finding in violations))
        finding = violations[0]
        self.assertEqual((told["parent"], told["child"], "child"),
                         (finding["pid"], finding["other"]["pid"], finding["other"]["relation"]))
        self.assert_connection(finding, "PostgreSQL", self.db.peer, told["parent"])
        for name, mark in (("opened", "opened"), ("forked", "forked"), ("this_use", "used"),
                           ("other_use", "used")):
            self.assert_frame(finding["stacks"][name], {scenario.marked(SCRIPT, mark)})
        self.assertEqual({"opened": scenario.marked(SCRIPT, "opened"),
                          "use": scenario.marked(SCRIPT, "used")}, finding["culprit"])

    def test_child_says_goodbye(self):
        self.check_goodbye("pdo_pgsql.php", APP_CASE="exit")


if __name__ == "__main__":
    scenario.main()
