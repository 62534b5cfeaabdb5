#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Workers that give up root's rights can neither look into their master nor open a log that root
made: they are judged as if they had kept them, and the log is complete.

The log's directory is root's alone.  Needs root.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import processes
import scenario
import servers
import web

GUNICORN = ("--user", "nobody", "--group", "nogroup")
UWSGI = ("--uid", "nobody", "--gid", "nogroup")


def user_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(line.split()[1] for line in status if line.startswith("Uid:"))


@unittest.skipUnless(os.getuid() == 0, "needs root, whose rights are given up")
class DroppedPrivileges(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.db = self.stack.enter_context(servers.mariadb())
        os.chown(self.directory, 0, 0)
        os.chmod(self.directory, 0o700)

    def served(self, serve, app, arguments, workers, requests, **settings):
        variables = {"APP_PORT": str(self.db.port), "APP_DATABASE": scenario.mysql_url(self.db)}
        with self.watched(serve, app, variables=variables, workers=workers, arguments=arguments,
                          **settings) as (site, log):
            log.wait_for(lambda: log.findings(kind="open-at-fork"), "the notice open-at-fork")
            # The notice is one worker's; another may still be on its way to its user.
            for worker in site.workers:
                processes.wait_for(lambda pid=worker: bool(arguments) == (user_of(pid) != "0"), "the workers' user")
            web.load(site, requests=requests)
        self.assertEqual(0, os.stat(log.path).st_uid)
        return site, log

    def compare(self, serve, app, arguments, workers, requests, **settings):
        """The same kinds of findings with root's rights and without, but for crossed replies,
        which need luck."""
        _, root = self.served(serve, app, (), workers, requests, **settings)
        site, log = self.served(serve, app, arguments, workers, requests, **settings)
        self.say("kinds", ", ".join(log.kinds))
        self.assertEqual(set(root.kinds) - {"crossed-reply"}, set(log.kinds) - {"crossed-reply"},
                         "\n".join(forksan_log.describe(finding) for finding in log.findings()))
        for name in ("processes", "forks", "connections_watched", "connections_inherited"):
            self.assertEqual(root.counters[name], log.counters[name], name)
        return site, log

    def test_two_workers_share(self):
        for serve, arguments, settings in ((web.gunicorn, GUNICORN, {"preload": True}),
                                           (web.uwsgi, UWSGI, {})):
            site, log = self.compare(serve, "bare", arguments, 2, 100, **settings)
            shared = log.findings(kind="shared-use")
            self.assertTrue(shared)
            for finding in shared:
                self.assert_shared(finding, site, scenario.app_site("bare", "opened"),
                                   {scenario.app_site("bare", "used")})

    def test_one_worker_is_a_hazard_and_says_goodbye(self):
        # The master still holds the connection, which only an equal can see in /proc.
        site, log = self.compare(web.gunicorn, "bare", GUNICORN, 1, 20, preload=True)
        hazard, = log.findings(kind="inherited-use")
        self.assertEqual((site.workers[0], site.master),
                         (hazard["pid"], hazard["other"]["pid"]))
        goodbye, = log.findings(kind="foreign-goodbye")
        self.assertEqual((site.workers[0], site.master),
                         (goodbye["pid"], goodbye["other"]["pid"]))


if __name__ == "__main__":
    scenario.main()
