# SPDX-License-Identifier: MIT
"""Scripts of tests/scenario/goodbyes: one opens a connection, forks, and shows what the other
process's goodbye does to it.

A script gets the server's port in APP_PORT and prints `child <pid>`, `parent <pid>` where that is
not the process that was started, and `damage <text>` when the process that did nothing wrong was
harmed.  Lines that the findings must name end in `MARK opened` and so on (scenario.marked).
"""

import os

import forksan_log
import processes
import scenario
import servers

CASES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scenario",
                     "goodbyes")
INTERPRETERS = {".py": "/usr/bin/python3", ".pl": "/usr/bin/perl", ".php": "/usr/bin/php",
                ".rb": "/usr/bin/ruby"}


class Cases(scenario.Scenario):
    # Protocol: its server, its goodbye's message, its class.
    PROTOCOLS = {
        "MySQL": ("mariadb", "COM_QUIT", "database"),
        "PostgreSQL": ("postgresql", "Terminate", "database"),
        "Redis": ("redis", "QUIT", "cache"),
        "memcached": ("memcached", "quit", "cache"),
        "LDAP": ("slapd", "UnbindRequest", "directory"),
        "AMQP": ("rabbitmq", "Connection.Close", "broker"),
    }

    def setUp(self):
        super().setUp()
        self.db = None

    def start(self, protocol, **settings):
        server, self.goodbye, self.kind = self.PROTOCOLS[protocol]
        self.protocol = protocol
        self.db = self.stack.enter_context(getattr(servers, server)(**settings))

    def run_case(self, script, environment, prefix=(), status=0):
        """Returns what the case printed: {"child": pid, "parent": pid, "damage": text or None}."""
        path = os.path.join(CASES, script)
        output = os.path.join(self.directory, "output")
        if os.path.exists(output):
            os.unlink(output)
        argv = [INTERPRETERS[os.path.splitext(script)[1]], path]
        if prefix:  # what is started is not the case: it says itself who it is
            argv = [*prefix, "/bin/sh", "-c", 'echo "case $$"; exec "$@"', "sh", *argv]
        with processes.Process(argv, output, env=environment) as process:
            self.assertEqual(status, process.wait(30), process.output())

            def told():
                return dict(line.split(" ", 1) for line in process.output().splitlines()
                            if line.startswith(("case ", "child ", "parent ", "damage ")))

            # The last to speak may be a child that outlived its parent.
            processes.wait_for(lambda: "child" in told(), "the case's end",
                               directories=[self.directory])
            result = told()
        return {"child": int(result["child"]),
                "parent": int(result.get("parent", result.get("case", process.pid))),
                "damage": result.get("damage")}

    def run_both(self, script, damaged, **variables):
        """Returns (what the case printed under the shim, its log)."""
        variables["APP_PORT"] = str(self.db.port)
        bare = self.run_case(script, forksan_log.bare_env(**variables))
        self.say("without forksan", bare["damage"] or "no damage")
        self.assertEqual(damaged, bare["damage"] is not None)
        # DBD::MariaDB's child ends in one of two ways, at random (DBD-MariaDB#158): sometimes it
        # says nothing, with or without us.
        for _ in range(4):
            told, log = self.run_watched(script, **variables)
            if damaged == (told["damage"] is not None):
                break
        self.assertEqual(damaged, told["damage"] is not None)
        return told, log

    def run_watched(self, script, options=None, **variables):
        """The same without the bare run, whether there is damage or not."""
        variables["APP_PORT"] = str(self.db.port)
        log = self.new_log()
        if scenario.BY_ATTACH:
            told = self.run_case(script, scenario.attach_env(variables, {"exitcode": 0, **(options or {})}),
                                 scenario.attach_prefix(log))
        else:
            told = self.run_case(script, forksan_log.forksan_env(log.path, variables, **(options or {})))
        log.wait_for_summary()
        log.validate()
        self.assertGreaterEqual(log.counters["processes"], 2)
        return told, log

    def check_goodbye(self, script, speaker="child", also=(), opened="opened", **variables):
        """`also`: kinds of the violations that follow from it; `opened`: the line's mark."""
        told, log = self.run_both(script, True, **variables)
        violations = log.findings(level="violation")
        self.assertEqual(sorted(["foreign-goodbye", *also]),
                         sorted(finding["kind"] for finding in violations),
                         "\n".join(forksan_log.describe(finding) for finding in violations))
        finding, = log.findings(kind="foreign-goodbye")
        hearer = "parent" if speaker == "child" else "child"
        self.assertEqual((told[speaker], told[hearer], hearer),
                         (finding["pid"], finding["other"]["pid"], finding["other"]["relation"]),
                         forksan_log.describe(finding))
        self.assert_connection(finding, self.protocol, self.db.peer, told["parent"], self.kind)
        self.assertEqual(self.goodbye, finding["operation"]["message"])
        path = os.path.join(CASES, script)
        self.assert_culprit(finding, "opened", "opened", {scenario.marked(path, opened)})
        if not scenario.is_late(finding, "forked"):
            self.assert_frame(finding["stacks"]["forked"], {scenario.marked(path, "forked")})
        bug, = log.report()["bugs"]
        self.assertEqual("foreign-goodbye", bug["kind"])  # that is what went wrong, whatever follows
        return finding

    def check_silent(self, script, **variables):
        _, log = self.run_both(script, False, **variables)
        self.assert_no_violation(log)
