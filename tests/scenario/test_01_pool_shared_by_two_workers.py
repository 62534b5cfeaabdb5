#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gunicorn --preload, two workers, one SQLAlchemy pool connected in the master.

Without forksan some of 300 answers are wrong, empty or errors; with it the first use by the second
worker is a violation that names everything, and a notice stands in the log before any request.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import scenario
import servers
import web

OPENED = scenario.app_site("pool", "opened")
BORROWED = scenario.app_site("pool", "borrowed")  # where the pool pings and rolls back
USED = scenario.app_site("pool", "used")


class PoolSharedByTwoWorkers(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.db = self.stack.enter_context(servers.mariadb())
        self.variables = {"APP_DATABASE": scenario.mysql_url(self.db)}

    def test_answers_go_wrong_without_forksan(self):
        answers = self.bare_load(web.gunicorn, "pool", variables=self.variables, preload=True,
                                 attempts=5)
        self.assertGreater(answers.bad, 0)

    def test_violation_names_both_workers_and_the_master(self):
        with self.watched(web.gunicorn, "pool", variables=self.variables,
                          preload=True) as (site, log):
            log.wait_for(lambda: log.findings(kind="open-at-fork"), "the notice open-at-fork")
            self.assertEqual(["open-at-fork"], log.kinds, "before the first request")
            self.say("with forksan", web.load(site))
            log.wait_for(lambda: log.findings(kind="shared-use"), "the violation shared-use")

        notice = log.findings(kind="open-at-fork")[0]
        self.assertEqual("notice", notice["level"])
        self.assertIn(notice["pid"], site.workers)
        self.assert_culprit(notice, "opened", "opened", {OPENED})
        self.assert_connection(notice, "MySQL", self.db.peer, site.master)
        shared = log.findings(kind="shared-use")
        # Two workers report at the same moment, so the order of their lines says nothing.
        self.assertIn(USED, [finding["culprit"]["use"] for finding in shared],
                      "a worker's first use is its query")
        for finding in shared:
            self.assert_connection(finding, "MySQL", self.db.peer, site.master)
            self.assert_shared(finding, site, OPENED, {USED, BORROWED})
            self.assert_forked_by_gunicorn(finding)


if __name__ == "__main__":
    scenario.main()
