#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gunicorn (Flask, Django), uWSGI (one interpreter, sub-interpreters, threads), Apache with mod_wsgi,
Celery and multiprocessing: the finding names the application's lines."""

import glob
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import hosts  # noqa: E402
import processes  # noqa: E402
import servers  # noqa: E402

PYTHON = "/usr/bin/python3"


def variables(db):
    return {"DB_PORT": str(db.port), "DB_USER": db.user, "DB_PASSWORD": db.password,
            "DB_NAME": db.database}


class MySQL(hosts.HostTest):
    def setUp(self):
        super().setUp()
        self.db = self.stack.enter_context(servers.mariadb())

    def check_flask(self, command, path="/"):
        with self.host(command, variables=variables(self.db)) as host:
            findings = host.request_until_shared((path,))
        self.check(findings, "shop_flask.py", "python", opened="open_database", used="Repository.count",
                   protocol="MySQL")

    def test_gunicorn_flask(self):
        self.check_flask(lambda port: ["/usr/bin/gunicorn", "--preload", "-w", "2", "-b",
                                       f"127.0.0.1:{port}", "shop_flask:app"])

    def test_gunicorn_flask_with_threads(self):
        self.check_flask(lambda port: ["/usr/bin/gunicorn", "--preload", "-w", "2", "--threads",
                                       "4", "-b", f"127.0.0.1:{port}", "shop_flask:app"])

    def uwsgi(self, port, *arguments):
        return ["/usr/bin/uwsgi", "--plugin", "python3", "--http-socket", f"127.0.0.1:{port}",
                "--master", "--processes", "2", "--need-app", "--die-on-term", "--pythonpath",
                hosts.APPS, *arguments]

    def test_uwsgi(self):
        self.check_flask(lambda port: self.uwsgi(port, "--module", "shop_flask:app"))

    def test_uwsgi_with_threads(self):
        self.check_flask(lambda port: self.uwsgi(port, "--threads", "3", "--module",
                                                 "shop_flask:app"))

    def test_uwsgi_sub_interpreters(self):
        self.check_flask(lambda port: self.uwsgi(
            port, "--manage-script-name", "--mount", "/hello=hello:app", "--mount",
            "/shop=shop_flask:app"), "/shop/")

    def test_celery(self):
        redis = self.stack.enter_context(servers.redis())
        settings = {**variables(self.db), "BROKER": f"redis://127.0.0.1:{redis.port}/0"}
        output = os.path.join(self.directory, "output")
        command = [PYTHON, "-m", "celery", "-A", "tasks_celery", "worker", "-c", "2",
                   "--prefetch-multiplier", "1", "-O", "fair", "--without-gossip",
                   "--without-mingle", "-l", "info"]
        environment = self.environment(**settings)
        with processes.Process(command, output, env=environment, cwd=hosts.APPS) as worker:
            processes.wait_for(lambda: " ready." in worker.output(), "the worker", process=worker,
                               directories=[self.directory])
            plain = {name: value for name, value in environment.items()
                     if name not in ("LD_PRELOAD", "FORKSAN_OPTIONS")}
            send = "import tasks_celery\nfor _ in range(60): tasks_celery.count.delay()"
            subprocess.run([PYTHON, "-c", send], env=plain, cwd=hosts.APPS, check=True)
            findings = self.log.wait_for(
                lambda: [f for f in self.log.findings(kind="shared-use")
                         if f["connection"]["protocol"] == "MySQL"], "shared-use")
        self.check(findings, "tasks_celery.py", "python", opened="open_database", used="ask",
                   protocol="MySQL")


class PostgreSQL(hosts.HostTest):
    def setUp(self):
        super().setUp()
        self.db = self.stack.enter_context(servers.postgresql())

    def test_gunicorn_django(self):
        if not glob.glob("/usr/lib/python3/dist-packages/django"):
            self.skipTest("no Django")
        with self.host(lambda port: ["/usr/bin/gunicorn", "--preload", "-w", "2", "-b",
                                     f"127.0.0.1:{port}", "shop_django:app"],
                       variables=variables(self.db)) as host:
            findings = host.request_until_shared()
        self.check(findings, "shop_django.py", "python", opened="warm_up", used="count_things",
                   protocol="PostgreSQL")
        depth = max(len([frame for frame in finding["stacks"]["this_use"]
                         if frame["language"] == "python"]) for finding in findings)
        self.assertGreater(depth, 25)

    def check_mod_wsgi(self, configuration):
        with self.apache(configuration, variables(self.db)) as host:
            findings = host.request_until_shared()
        self.check(findings, "shop_mod_wsgi.py", "python", opened="open_database", used="ask",
                   protocol="PostgreSQL")

    def test_mod_wsgi_daemon(self):
        self.check_mod_wsgi("mod_wsgi.conf")

    def test_mod_wsgi_embedded(self):
        self.check_mod_wsgi("mod_wsgi_embedded.conf")

    def test_multiprocessing(self):
        subprocess.run([PYTHON, os.path.join(hosts.APPS, "pool_multiprocessing.py")], check=True,
                       env=self.environment(**variables(self.db)), timeout=60)
        findings = [finding for finding in self.log.findings(kind="shared-use")
                    if finding["other"]["relation"] == "sibling"]
        self.check(findings, "pool_multiprocessing.py", "python", opened="open_database", used="ask",
                   protocol="PostgreSQL")


if __name__ == "__main__":
    hosts.main()
