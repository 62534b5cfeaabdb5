#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A hand-over is no sharing: the parent connects, daemonizes by a double fork, and only the daemon
uses the connection from then on."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import processes
import scenario
import servers
import web

QUERIES = 300


class DaemonOwnsItsConnection(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.db = self.stack.enter_context(servers.mariadb())

    def run_daemon(self, environment):
        """Returns [right, wrong] as the daemon counted them."""
        result = os.path.join(self.directory, "result")
        argv = ["/usr/bin/python3", os.path.join(web.APPS, "daemon.py"), result, str(QUERIES)]
        output = os.path.join(self.directory, "output")
        with processes.Process(argv, output, env=environment) as parent:
            processes.wait_for(lambda: os.path.exists(result), "the daemon's result",
                               directories=[self.directory])
            self.assertEqual(0, parent.wait(10), parent.output())
        with open(result, encoding="ascii") as counts:
            numbers = [int(number) for number in counts.read().split()]
        os.unlink(result)
        return numbers

    def run_both(self, parent):
        variables = {"APP_PORT": str(self.db.port), "DAEMON_PARENT": parent}
        self.assertEqual([QUERIES, 0], self.run_daemon(forksan_log.bare_env(**variables)))
        log = self.new_log()
        counts = self.run_daemon(forksan_log.forksan_env(log.path, variables))
        self.say("with forksan", f"{counts[0]} right, {counts[1]} wrong")
        self.assertEqual([QUERIES, 0], counts)
        log.wait_for_summary()
        log.validate()
        self.assert_no_violation(log)
        return log

    def test_parent_that_leaves(self):
        self.run_both("leaves")

    def test_parent_that_waits(self):
        log = self.run_both("waits")
        self.assertLessEqual(set(log.kinds), {"open-at-fork", "inherited-use"})
        self.assertTrue(log.findings(kind="inherited-use"), "the parent held it open all along")


if __name__ == "__main__":
    scenario.main()
