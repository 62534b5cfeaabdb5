#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""PHP's command line with PDO and mysqli: the finding names the application's lines."""

import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import hosts  # noqa: E402
import servers  # noqa: E402

PHP = os.environ.get("FORKSAN_PHP", "/usr/bin/php")


class Workers(hosts.HostTest):
    def run_workers(self, app, variables, **names):
        done = subprocess.run([PHP, os.path.join(hosts.APPS, app)], timeout=60,
                              env=self.environment(**variables))
        self.assertEqual(-signal.SIGKILL, done.returncode)
        self.check(self.log.findings(kind="shared-use"), app, "php", **names)

    def test_pdo_pgsql(self):
        db = self.stack.enter_context(servers.postgresql())
        self.run_workers("workers_pdo.php", hosts.variables(db), protocol="PostgreSQL",
                         opened="Shop\\Repository::openDatabase",
                         used="Shop\\Repository::count")

    def test_mysqli(self):
        db = self.stack.enter_context(servers.mariadb())
        self.run_workers("workers_mysqli.php", hosts.variables(db), protocol="MySQL",
                         opened="open_database", used="count_things")


if __name__ == "__main__":
    hosts.main(PHP)
