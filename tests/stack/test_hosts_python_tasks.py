#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Celery and multiprocessing: the finding names the application's lines."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))

import hosts  # noqa: E402
import processes  # noqa: E402
import servers  # noqa: E402

PYTHON = "/usr/bin/python3"


class Tasks(hosts.HostTest):
    def test_celery(self):
        db = self.stack.enter_context(servers.mariadb())
        redis = self.stack.enter_context(servers.redis())
        environment = self.environment(**hosts.variables(db),
                                       BROKER=f"redis://127.0.0.1:{redis.port}/0")
        command = [PYTHON, "-m", "celery", "-A", "tasks_celery", "worker", "-c", "2",
                   "--prefetch-multiplier", "1", "-O", "fair", "--without-gossip",
                   "--without-mingle", "-l", "info"]
        output = os.path.join(self.directory, "output")
        with processes.Process(command, output, env=environment, cwd=hosts.APPS) as worker:
            processes.wait_for(lambda: " ready." in worker.output(), "the worker", process=worker,
                               directories=[self.directory])
            plain = {name: value for name, value in environment.items()
                     if name not in ("LD_PRELOAD", "FORKSAN_OPTIONS")}
            send = "import tasks_celery\nfor _ in range(60): tasks_celery.count.delay()"
            subprocess.run([PYTHON, "-c", send], env=plain, cwd=hosts.APPS, check=True)
            findings = self.log.wait_for(
                lambda: [finding for finding in self.log.findings(kind="shared-use")
                         if finding["connection"]["protocol"] == "MySQL"], "shared-use")
        self.check(findings, "tasks_celery.py", "python", opened="open_database", used="ask",
                   protocol="MySQL")

    def test_multiprocessing(self):
        db = self.stack.enter_context(servers.postgresql())
        subprocess.run([PYTHON, os.path.join(hosts.APPS, "pool_multiprocessing.py")], check=True,
                       env=self.environment(**hosts.variables(db)), timeout=60)
        findings = [finding for finding in self.log.findings(kind="shared-use")
                    if finding["other"]["relation"] == "sibling"]
        self.check(findings, "pool_multiprocessing.py", "python", opened="open_database",
                   used="ask", protocol="PostgreSQL")


if __name__ == "__main__":
    hosts.main("/usr/lib/python3/dist-packages/celery")
