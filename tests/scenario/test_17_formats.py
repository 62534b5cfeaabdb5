#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Connections that no driver's first bytes give away, on ports that say nothing: a command of Redis
typed as a line, an SSH session, a manager of multiprocessing.  Two processes that use one are found
under its name; one heir alone is none."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import forksan_log
import scenario
import servers

PROGRAMS = os.path.join(HERE, "formats")


class Formats(scenario.Scenario):
    def run_program(self, *arguments, **variables):
        log = self.new_log()
        subprocess.run([sys.executable, os.path.join(PROGRAMS, arguments[0]), *arguments[1:]],
                       env=forksan_log.forksan_env(log.path, variables), check=True, timeout=60)
        log.wait_for_summary()
        log.validate()
        return log

    def check(self, protocol, kind, *arguments):
        log = self.run_program(*arguments)
        shared = log.findings(kind="shared-use")
        self.assertTrue(shared, [forksan_log.describe(f) for f in log.findings()])
        for finding in shared:
            self.assertEqual((protocol, kind), (finding["connection"]["protocol"],
                                                finding["connection"]["class"]))
            self.assertEqual("sibling", finding["other"]["relation"])
        self.assert_no_violation(self.run_program(*arguments, FORMATS_SOUND="1"))

    def test_redis_inline(self):
        server = self.stack.enter_context(servers.redis())
        self.check("Redis", "cache", "lines.py", str(server.port), "SET k v", "+OK", "GET k")

    def test_ssh(self):
        self.check("SSH", "remote", "lines.py", "0", "SSH-2.0-test", "SSH-2.0-test", "\x01\x02")

    def test_multiprocessing(self):
        self.check("multiprocessing", "remote", "manager.py")

    def test_unknown(self):
        self.check("other", "unknown", "lines.py", "0", "=hello", "=hello", "=ask")


if __name__ == "__main__":
    scenario.main()
