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
            answers = web.load(site.port, requests=100)
            self.say("with forksan, strict", answers)
            aborted = site.output().count("signal 6")
        self.assertEqual(0, answers.lies)
        shared = log.findings(kind="shared-use")
        self.assertTrue(shared)
        self.assertGreater(aborted, 0, site.output()[-2000:])
        self.assertEqual(len({finding["pid"] for finding in shared}),
                         sum(finding["repeat"] for finding in shared),
                         "a process went on after its violation")
        for finding in shared:
            self.assertEqual(OPENED, finding["culprit"]["opened"])
            self.assertFalse(os.path.exists(f"/proc/{finding['pid']}"))


if __name__ == "__main__":
    scenario.main()
