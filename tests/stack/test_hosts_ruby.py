#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Unicorn and Puma: the finding names the application's lines."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import hosts  # noqa: E402
import servers  # noqa: E402


class Ruby(hosts.HostTest):
    def test_unicorn_mysql2(self):
        db = self.stack.enter_context(servers.mariadb())
        variables = hosts.variables(db)
        with self.host(lambda port: ["/usr/bin/unicorn", "-l", f"127.0.0.1:{port}", "-c",
                                     "unicorn.conf.rb", f"{hosts.APPS}/shop_unicorn.ru"],
                       variables=variables) as host:
            findings = host.request_until_shared()
        self.check(findings, "shop_unicorn.rb", "ruby", opened="open_database", used="count",
                   protocol="MySQL")

    def test_puma_pg(self):
        db = self.stack.enter_context(servers.postgresql())
        variables = hosts.variables(db)
        with self.host(lambda port: ["/usr/bin/puma", "-b", f"tcp://127.0.0.1:{port}", "-C",
                                     "puma.conf.rb", f"{hosts.APPS}/shop_puma.ru"],
                       variables=variables) as host:
            findings = host.request_until_shared()
        self.check(findings, "shop_puma.ru", "ruby", opened="open_database", used="count",
                   protocol="PostgreSQL")


if __name__ == "__main__":
    hosts.main("/usr/bin/unicorn", "/usr/bin/puma")
