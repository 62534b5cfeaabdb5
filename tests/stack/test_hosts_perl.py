#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Starman and Apache with mod_perl: the finding names the application's lines."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import hosts  # noqa: E402
import servers  # noqa: E402


class Perl(hosts.HostTest):
    def test_starman_mariadb(self):
        db = self.stack.enter_context(servers.mariadb())
        variables = hosts.variables(db)
        app = os.path.join(hosts.APPS, "shop_starman.psgi")
        with self.host(lambda port: ["/usr/bin/starman", "--preload-app", "--workers", "2",
                                     "--listen", f"127.0.0.1:{port}", app],
                       variables=variables) as host:
            findings = host.request_until_shared()
        self.check(findings, "shop_starman.psgi", "perl", opened="open_database", used="count",
                   protocol="MySQL")

    def test_mod_perl_pg(self):
        db = self.stack.enter_context(servers.postgresql())
        variables = hosts.variables(db)
        with self.apache("mod_perl.conf", variables) as host:
            findings = host.request_until_shared()
        self.check(findings, "shop_mod_perl.pm", "perl", opened="open_database", used="count",
                   protocol="PostgreSQL")


if __name__ == "__main__":
    hosts.main("/usr/bin/starman", "/usr/sbin/apache2", "/usr/lib/apache2/modules/mod_perl.so")
