#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Without a log, standard error tells each bug once, in few lines, however often it is found."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "support"))

import forksan_log
import scenario
import servers
import web

SUMMARY = re.compile(r"SUMMARY: forksan: (\S+)(?: \(likely\))? opened at (\S+), (?:used|forked) at (\S+) \(pid")
OURS = re.compile(r"^(?:==\d+==|SUMMARY: forksan:|forksan: )")


class StandardError(scenario.Scenario):
    def blocks(self, output):
        """The lines of each report, the SUMMARY last; what several processes wrote at once is told apart
        by the pid before each line."""
        open_, blocks = {}, []
        for line in output.splitlines():
            pid = re.match(r"==(\d+)==", line)
            if pid and " forksan: " in line and "summary of session" not in line:
                open_[pid[1]] = [line]
            elif pid and pid[1] in open_:
                open_[pid[1]].append(line)
            elif line.startswith("SUMMARY: forksan: "):
                pid = re.search(r"\(pid (\d+)", line)[1]
                blocks.append(open_.pop(pid) + [line])
        return blocks

    def test_the_founding_scenario_is_one_bug(self):
        server = self.stack.enter_context(servers.mariadb())
        variables = {"APP_DATABASE": scenario.mysql_url(server), "APP_PORT": str(server.port)}
        environment = forksan_log.forksan_env("", variables)
        with web.gunicorn("pool", env=environment, preload=True) as site:
            answers = web.load(site)
        ours = [line for line in site.output().splitlines() if OURS.match(line)]
        blocks = self.blocks(site.output())
        self.say("with forksan", f"{answers}; {len(ours)} lines, {len(blocks)} reports")
        self.assertTrue(blocks)
        for block in blocks:
            self.assertLessEqual(len(block), 12, "\n".join(block))
            self.assertTrue(SUMMARY.match(block[-1]), block[-1])
            for noise in ("importlib", "libc.so", "gevent", "libpython"):
                self.assertNotIn(noise, "\n".join(block))
        # Each step of its escalation once: five kinds, four of them likely before they were proven.
        told = [re.search(r"forksan: (\S+(?: \(likely\))?):", block[0])[1] for block in blocks]
        self.assertEqual(len(told), len(set(told)), told)
        self.assertLessEqual(len(ours), 120)
        self.assertIn(scenario.app_site("pool", "opened"), blocks[0][-1])
        self.assertRegex(site.output(), r"==\d+==   further reports of bugs that were shown: \d+\n")


if __name__ == "__main__":
    scenario.main()
