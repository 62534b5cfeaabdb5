#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A loop that a fork has copied (asyncio's, uvloop's, eventlet's): its epoll instance is one for parent
and child.

A child that drops a connection takes it out of the parent's instance: the parent is never woken for
it again, with no error anywhere.
"""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import scenario
import servers
import web

def sites(app):
    return scenario.app_site(app, "opened"), scenario.app_site(app, "forked")


OPENED, _ = sites("event_loop")
DROPPED = scenario.app_site("event_loop", "dropped")


def python_lines(finding, stack):
    return [f"{frame['file']}:{frame['line']}" for frame in finding["stacks"][stack]
            if frame["language"] == "python"]


@unittest.skipIf(scenario.BY_ATTACH, "attach does not see epoll_ctl()")
class EventLoops(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.redis = self.stack.enter_context(servers.redis())

    def run_app(self, app, arguments, environment):
        return subprocess.run(["/usr/bin/python3", os.path.join(web.APPS, f"{app}.py"),
                               str(self.redis.port), *arguments],
                              env=environment, check=True, timeout=120, text=True,
                              stdout=subprocess.PIPE).stdout.strip()

    def run_both(self, app, *arguments, answer):
        self.assertEqual(answer, self.run_app(app, arguments, forksan_log.bare_env()), "bare")
        log = self.new_log()
        self.assertEqual(answer, self.run_app(app, arguments, forksan_log.forksan_env(log.path)))
        log.wait_for_summary()
        log.validate()
        opened, forked = sites(app)
        for finding in log.findings():
            self.assertIn(opened, python_lines(finding, "opened"))
            self.assertIn(forked, python_lines(finding, "forked"))
        return log

    def check_dropped(self, app, *arguments):
        """The parent has not used the connection since the fork: it finds out at its next use."""
        log = self.run_both(app, *arguments, answer="deaf")
        found, = log.findings(level="violation")
        self.assertEqual("shared-epoll", found["kind"])
        self.assertTrue(found["needed"])
        self.assertEqual("child", found["other"]["relation"])
        return found

    def test_a_child_drops_the_connection(self):
        found = self.check_dropped("event_loop", "asyncio", "drops")
        self.assertIn(DROPPED, python_lines(found, "other_use"))

    def test_a_child_drops_the_connection_from_uvloop(self):
        self.check_dropped("event_loop", "uvloop", "drops")

    def test_a_child_drops_the_connection_from_a_hub(self):
        found = self.check_dropped("event_hub")
        # The waiting thread removes it: its stack is another than that of the line that kills it.
        self.assertIn("eventlet/hubs/poll.py", " ".join(python_lines(found, "other_use")))

    def test_a_child_drops_what_the_parent_uses(self):
        log = self.run_both("event_loop", "asyncio", "uses, drops", answer="deaf")
        found, = log.findings(level="violation")
        self.assertEqual("shared-epoll", found["kind"])
        self.assertEqual("parent", found["other"]["relation"])
        self.assertIn(DROPPED, python_lines(found, "this_use"))
        self.assertIn(OPENED, python_lines(found, "other_use"))

    def test_a_loop_that_lives_on(self):
        for loops in ("asyncio", "uvloop"):
            log = self.run_both("event_loop", loops, "goes on", answer="answered")
            self.assertEqual([], log.findings(level="violation"))
            found, = log.findings(kind="inherited-epoll")
            self.assertEqual("parent", found["other"]["relation"])

    def test_a_loop_of_its_own(self):
        """Nothing is wrong, but that the worker holds a connection which it does not need."""
        log = self.run_both("event_loop", "asyncio", "own loop", answer="answered")
        self.assertEqual({"open-at-fork"}, set(log.kinds))
        self.assertEqual(2, log.counters["connections_watched"])


if __name__ == "__main__":
    scenario.main()
