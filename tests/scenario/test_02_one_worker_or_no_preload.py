#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What works is not accused: one worker with --preload is a hazard at most, and two workers that
each load the application are no finding at all."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import scenario
import servers
import web

OPENED = scenario.app_site("pool", "opened")
USES = {scenario.app_site("pool", "used"), scenario.app_site("pool", "borrowed")}


class OneWorkerOrNoPreload(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.db = self.stack.enter_context(servers.mariadb())
        self.variables = {"APP_DATABASE": scenario.mysql_url(self.db)}

    def test_one_worker_with_preload_is_a_hazard(self):
        settings = {"variables": self.variables, "preload": True, "workers": 1}
        self.assertEqual(0, self.bare_load(web.gunicorn, "pool", timeout_s=web.PATIENT_S, **settings).bad)
        with self.watched(web.gunicorn, "pool", **settings) as (site, log):
            answers = web.load(site, timeout_s=web.PATIENT_S)
            self.say("with forksan", answers)
            log.wait_for(lambda: log.findings(kind="inherited-use"), "the hazard inherited-use")
        self.assertEqual(0, answers.bad)
        self.assert_kinds(log, ["inherited-use", "open-at-fork"])
        for finding in log.findings(kind="inherited-use"):
            self.assertEqual("hazard", finding["level"])
            self.assertEqual(site.workers, [finding["pid"]])
            self.assertEqual(site.master, finding["other"]["pid"])
            self.assertEqual("parent", finding["other"]["relation"])
            self.assert_connection(finding, "MySQL", self.db.peer, site.master)
            self.assertEqual(OPENED, finding["culprit"]["opened"])
            self.assertIn(finding["culprit"]["use"], USES)

    def test_last_holder_may_say_goodbye(self):
        # psycopg2 is silent in the worker; the master, which opened the connection, sends
        # Terminate at its exit, when the worker that used it has gone.
        database = self.stack.enter_context(servers.postgresql())
        variables = {"APP_DATABASE": scenario.postgresql_url(database)}
        with self.watched(web.gunicorn, "pool", variables=variables, preload=True,
                          workers=1) as (site, log):
            answers = web.load(site, timeout_s=web.PATIENT_S)
            self.say("with forksan", answers)
        self.assertEqual(0, answers.bad)
        self.assert_kinds(log, ["inherited-use", "open-at-fork"])

    def test_two_workers_without_preload_are_silent(self):
        settings = {"variables": self.variables, "workers": 2}
        self.assertEqual(0, self.bare_load(web.gunicorn, "pool", timeout_s=web.PATIENT_S, **settings).bad)
        with self.watched(web.gunicorn, "pool", **settings) as (site, log):
            answers = web.load(site, timeout_s=web.PATIENT_S)
            self.say("with forksan", answers)
        self.assertEqual(0, answers.bad)
        self.assert_silent(log)


if __name__ == "__main__":
    scenario.main()
