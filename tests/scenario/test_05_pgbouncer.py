#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""PostgreSQL through PgBouncer: a pooler does not make a shared connection safe, and per-worker
engines through it are no finding."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import scenario
import servers
import web

OPENED = scenario.app_site("pool", "opened")
USES = {scenario.app_site("pool", "used"), scenario.app_site("pool", "borrowed")}


class PgBouncer(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.bouncer = self.stack.enter_context(
            servers.pgbouncer(self.stack.enter_context(servers.postgresql())))
        self.variables = {"APP_DATABASE": scenario.postgresql_url(self.bouncer)}

    def test_engine_per_worker_is_silent(self):
        settings = {"variables": self.variables, "preload": True}
        self.assertEqual(0, self.bare_load(web.gunicorn, "lazy", timeout_s=web.PATIENT_S, **settings).bad)
        with self.watched(web.gunicorn, "lazy", **settings) as (site, log):
            answers = web.load(site, timeout_s=web.PATIENT_S)
            self.say("with forksan", answers)
        self.assertEqual(0, answers.bad)
        self.assert_silent(log)

    def test_one_eager_engine_is_a_violation(self):
        settings = {"variables": self.variables, "preload": True,
                    "arguments": ["--graceful-timeout", "2"]}
        answers = self.bare_load(web.gunicorn, "pool", attempts=5, **settings)
        self.assertGreater(answers.bad, 0)
        with self.watched(web.gunicorn, "pool", **settings) as (site, log):
            self.say("with forksan", web.load(site))
        shared = log.findings(kind="shared-use")
        self.assertTrue(shared)
        for finding in shared:
            self.assert_connection(finding, "PostgreSQL", self.bouncer.peer, site.master)
            self.assert_shared(finding, site, OPENED, USES)


if __name__ == "__main__":
    scenario.main()
