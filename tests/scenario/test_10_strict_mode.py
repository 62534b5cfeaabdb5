#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""strict=1 stops the second process before its bytes go out or are taken: no client ever sees
another request's row, and every violation in the log is the last word of a process that aborted."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import scenario
import servers
import web

OPENED = scenario.app_site("bare", "opened")


class StrictMode(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.db = self.stack.enter_context(servers.mariadb())

    def test_no_wrong_answer_leaves_a_bare_connection(self):
        variables = {"APP_PORT": str(self.db.port)}
        with self.watched(web.gunicorn, "bare", variables=variables, preload=True,
                          options={"strict": 1}) as (site, log):
            # One worker has the connection; any other is aborted before it answers.
            answers = web.load(site, requests=100, workers=1)
            self.say("with forksan, strict", answers)
        aborted = site.output().count("signal 6")
        self.assertEqual(0, answers.lies)
        self.assertGreater(aborted, 0)
        # A worker that is told to end says goodbye in its driver's destructor: stopped, too.
        goodbyes = sum(finding["repeat"] for finding in log.findings(kind="foreign-goodbye"))
        self.assertEqual(aborted, log.counters["uses_violation"] + goodbyes,
                         "one violation for each process that aborted")
        shared = log.findings(kind="shared-use")
        self.assertTrue(shared)
        for finding in shared:
            self.assertEqual(OPENED, finding["culprit"]["opened"])
            self.assertEqual(site.master, finding["ppid"])


if __name__ == "__main__":
    scenario.main()
