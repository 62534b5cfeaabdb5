#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gunicorn with Flask, threads too, and with Django: the finding names the application's lines."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import hosts  # noqa: E402
import servers  # noqa: E402


class Gunicorn(hosts.HostTest):
    def gunicorn(self, app, *arguments):
        return lambda port: ["/usr/bin/gunicorn", "--preload", "-w", "2", "-b",
                             f"127.0.0.1:{port}", *arguments, f"{app}:app"]

    def check_flask(self, *arguments):
        db = self.stack.enter_context(servers.mariadb())
        with self.host(self.gunicorn("shop_flask", *arguments),
                       variables=hosts.variables(db)) as host:
            findings = host.request_until_shared()
        self.check(findings, "shop_flask.py", "python", opened="open_database",
                   used="Repository.count", protocol="MySQL")

    def test_flask(self):
        self.check_flask()

    def test_flask_with_threads(self):
        self.check_flask("--threads", "4")

    def test_django(self):
        db = self.stack.enter_context(servers.postgresql())
        with self.host(self.gunicorn("shop_django"), variables=hosts.variables(db)) as host:
            findings = host.request_until_shared()
        self.check(findings, "shop_django.py", "python", opened="warm_up", used="count_things",
                   protocol="PostgreSQL")
        depth = max(len([frame for frame in finding["stacks"]["this_use"]
                         if frame["language"] == "python"]) for finding in findings)
        self.assertGreater(depth, 25)


if __name__ == "__main__":
    hosts.main("/usr/bin/gunicorn",
               "/usr/lib/python3/dist-packages/flask",
               "/usr/lib/python3/dist-packages/django")
