#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""uWSGI with one interpreter, with sub-interpreters and with threads: the finding names the
application's lines."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import hosts  # noqa: E402
import servers  # noqa: E402


class Uwsgi(hosts.HostTest):
    def check_flask(self, *arguments, path="/"):
        db = self.stack.enter_context(servers.mariadb())

        def command(port):
            return ["/usr/bin/uwsgi", "--plugin", "python3", "--http-socket",
                    f"127.0.0.1:{port}", "--master", "--processes", "2", "--need-app",
                    "--die-on-term", "--pythonpath", hosts.APPS, *arguments]

        with self.host(command, variables=hosts.variables(db)) as host:
            findings = host.request_until_shared((path,))
        self.check(findings, "shop_flask.py", "python", opened="open_database",
                   used="Repository.count", protocol="MySQL")

    def test_one_interpreter(self):
        self.check_flask("--module", "shop_flask:app")

    def test_threads(self):
        self.check_flask("--threads", "3", "--module", "shop_flask:app")

    def test_sub_interpreters(self):
        self.check_flask("--manage-script-name", "--mount", "/hello=hello:app", "--mount",
                         "/shop=shop_flask:app", path="/shop/")


if __name__ == "__main__":
    hosts.main("/usr/bin/uwsgi", "/usr/lib/uwsgi/plugins/python3_plugin.so")
