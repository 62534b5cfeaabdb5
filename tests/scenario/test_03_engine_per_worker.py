#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The remedies are silent: an engine made in each worker, and engine.dispose(close=False) in
gunicorn's post_fork.

After dispose(close=False) the old pool is garbage in a reference cycle: the worker holds the
inherited descriptor until Python's next full collection.  That is what the notice open-at-fork
says, and all that may be said; with a collection in post_fork nothing is said.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import scenario
import servers
import web


class EnginePerWorker(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.db = self.stack.enter_context(servers.mariadb())
        self.variables = {"APP_DATABASE": scenario.mysql_url(self.db)}

    def run_both(self, app, config=None):
        settings = {"variables": self.variables, "preload": True, "config": config}
        self.assertEqual(0, self.bare_load(web.gunicorn, app, timeout_s=web.PATIENT_S, **settings).bad)
        with self.watched(web.gunicorn, app, **settings) as (site, log):
            answers = web.load(site, timeout_s=web.PATIENT_S)
            self.say("with forksan", answers)
        self.assertEqual(0, answers.bad)
        return log

    def test_engine_made_lazily_is_silent(self):
        self.assert_silent(self.run_both("lazy"))

    def test_dispose_without_close_is_at_most_a_notice(self):
        log = self.run_both("pool", config="dispose.py")
        self.assertLessEqual(set(log.kinds), {"open-at-fork"})

    def test_dispose_and_collection_are_silent(self):
        self.assert_silent(self.run_both("pool", config="dispose_and_collect.py"))


if __name__ == "__main__":
    scenario.main()
