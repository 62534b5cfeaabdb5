#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""pool_pre_ping and pool_recycle, which articles recommend against wrong answers after a fork, do
not help: the connection is shared still, and forksan says so."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import scenario
import servers
import web

OPENED = scenario.app_site("pool", "opened")
USES = {scenario.app_site("pool", "used"), scenario.app_site("pool", "borrowed")}


class PrePingAndRecycle(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.db = self.stack.enter_context(servers.mariadb())

    def check_shared(self, **engine):
        variables = {"APP_DATABASE": scenario.mysql_url(self.db),
                     "APP_ENGINE": json.dumps(engine)}
        settings = {"variables": variables, "preload": True}
        answers = self.bare_load(web.gunicorn, "pool", attempts=5, **settings)
        self.assertGreater(answers.bad, 0)
        with self.watched(web.gunicorn, "pool", **settings) as (site, log):
            self.say("with forksan", web.load(site))
        shared = log.findings(kind="shared-use")
        self.assertTrue(shared)
        for finding in shared:
            self.assert_connection(finding, "MySQL", self.db.peer, site.master)
            self.assert_shared(finding, site, OPENED, USES)

    def test_pre_ping(self):
        self.check_shared(pool_pre_ping=True)

    def test_recycle(self):
        self.check_shared(pool_recycle=3600)


if __name__ == "__main__":
    scenario.main()
