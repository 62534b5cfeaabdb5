#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""One module-level mysqlclient connection under gunicorn --preload and under uWSGI.

A pool drops a connection at its first error and heals; a bare one does not: 20 to 95 % of the
answers are another request's row, and nearly every one is HTTP 200.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import scenario
import servers
import web

OPENED = scenario.app_site("bare", "opened")
USED = scenario.app_site("bare", "used")


class BareConnection(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.db = self.stack.enter_context(servers.mariadb())
        self.variables = {"APP_PORT": str(self.db.port)}

    def check(self, serve, **settings):
        answers = self.bare_load(serve, "bare", variables=self.variables, **settings)
        self.assertGreater(answers.lies, answers.total * 0.2)
        self.assertLess(answers.error + answers.silence, answers.total * 0.05,
                        "nearly all are HTTP 200")
        with self.watched(serve, "bare", variables=self.variables, **settings) as (site, log):
            log.wait_for(lambda: log.findings(kind="open-at-fork"), "the notice open-at-fork")
            self.say("with forksan", web.load(site))
        shared = log.findings(kind="shared-use")
        self.assertTrue(shared)
        for finding in shared:
            self.assert_connection(finding, "MySQL", self.db.peer, site.master)
            self.assert_shared(finding, site, OPENED, {USED})

    def test_gunicorn(self):
        self.check(web.gunicorn, preload=True)

    def test_uwsgi(self):
        self.check(web.uwsgi)


if __name__ == "__main__":
    scenario.main()
