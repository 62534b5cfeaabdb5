#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Apache with mod_wsgi, in a sub-interpreter of a libpython that the host hides: the finding names
the application's lines."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import hosts  # noqa: E402
import servers  # noqa: E402


class ModWsgi(hosts.HostTest):
    def check_apache(self, configuration):
        db = self.stack.enter_context(servers.postgresql())
        with self.apache(configuration, hosts.variables(db)) as host:
            findings = host.request_until_shared()
        self.check(findings, "shop_mod_wsgi.py", "python", opened="open_database", used="ask",
                   protocol="PostgreSQL")

    def test_daemon(self):
        self.check_apache("mod_wsgi.conf")

    def test_embedded(self):
        self.check_apache("mod_wsgi_embedded.conf")


if __name__ == "__main__":
    hosts.main("/usr/sbin/apache2", "/usr/lib/apache2/modules/mod_wsgi.so")
