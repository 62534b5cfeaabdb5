#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Proof, not suspicion: in the founding scenario the worker that gave a client a wrong answer has a
crossed-reply in the log, from before that answer.

There are fewer crossed replies than wrong answers: a driver reads ahead, so one that has taken
another's reply gives the wrong row from its own buffer from then on, question after question.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import scenario
import servers
import web


class CrossedReplies(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.db = self.stack.enter_context(servers.mariadb())
        self.variables = {"APP_DATABASE": scenario.mysql_url(self.db),
                          "APP_PORT": str(self.db.port)}

    def check(self, serve, app, attempts, **settings):
        for _ in range(attempts):
            with self.watched(serve, app, variables=self.variables, **settings) as (site, log):
                answers = web.load(site)
            if answers.bad:
                break
        crossed = log.findings(kind="crossed-reply")
        self.say("with forksan", f"{answers}; {log.counters.get('replies_crossed', 0)} replies "
                                 f"crossed, {len(crossed)} findings")
        self.assertGreater(answers.bad, 0)
        self.assertTrue(crossed)
        first = {}
        for finding in log.read().records:
            if finding["record"] == "finding" and finding["kind"] == "crossed-reply":
                first.setdefault(finding["pid"], forksan_log.seconds(finding["time"]))
        for worker, came in answers.told_lies:
            self.assertIn(worker, first)
            self.assertLess(first[worker], came)
        self.assertGreater(log.counters["replies_crossed"], 0)
        for finding in crossed:
            self.assert_connection(finding, "MySQL", self.db.peer, site.master)
            self.assertIn(finding["other"]["pid"], site.workers)
            self.assertTrue(finding["history"])

    def test_pool(self):
        self.check(web.gunicorn, "pool", 5, preload=True)

    def test_bare_connection(self):
        self.check(web.gunicorn, "bare", 1, preload=True)


if __name__ == "__main__":
    scenario.main()
