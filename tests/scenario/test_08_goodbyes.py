#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A child that never used the connection ends its parent's session by exiting: drivers without a
guard say goodbye from a destructor, and the innocent parent's next query fails.

Each case first shows that damage without forksan, then expects one foreign-goodbye that names the
process that spoke, and where the connection was opened.  Guarded drivers are silent.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import processes
import scenario
import servers

CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "goodbyes")
INTERPRETERS = {".py": "/usr/bin/python3", ".pl": "/usr/bin/perl", ".php": "/usr/bin/php",
                ".rb": "/usr/bin/ruby"}
# Interpreters whose own frames the shim reads; of others only native stacks are expected.
WITH_FRAMES = {".py"}
DATABASES = {"MySQL": ("mariadb", "COM_QUIT"), "PostgreSQL": ("postgresql", "Terminate")}


class Goodbyes(scenario.Scenario):
    def setUp(self):
        super().setUp()
        self.db = None

    def start(self, protocol):
        server, self.goodbye = DATABASES[protocol]
        self.protocol = protocol
        self.db = self.stack.enter_context(getattr(servers, server)())

    def run_case(self, script, environment):
        """Returns what the case printed: {"child": pid, "parent": pid, "damage": text or None}."""
        path = os.path.join(CASES, script)
        output = os.path.join(self.directory, "output")
        if os.path.exists(output):
            os.unlink(output)
        argv = [INTERPRETERS[os.path.splitext(script)[1]], path]
        with processes.Process(argv, output, env=environment) as process:
            status = process.wait(30)
            self.assertEqual(0, status, process.output())

            def told():
                return dict(line.split(" ", 1) for line in process.output().splitlines()
                            if line.startswith(("child ", "parent ", "damage ")))

            # The last to speak may be a child that outlived its parent.
            processes.wait_for(lambda: "child" in told(), "the case's end",
                               directories=[self.directory])
            result = told()
        return {"child": int(result["child"]),
                "parent": int(result.get("parent", process.pid)),
                "damage": result.get("damage")}

    def run_both(self, script, damaged, **variables):
        """Returns (what the case printed under the shim, its log)."""
        variables["APP_PORT"] = str(self.db.port)
        bare = self.run_case(script, forksan_log.bare_env(**variables))
        self.say("without forksan", bare["damage"] or "no damage")
        self.assertEqual(damaged, bare["damage"] is not None)
        log = self.new_log()
        told = self.run_case(script, forksan_log.forksan_env(log.path, variables))
        self.assertEqual(damaged, told["damage"] is not None)
        log.wait_for_summary()
        log.validate()
        self.assertGreaterEqual(log.counters["processes"], 2)
        return told, log

    def check_goodbye(self, script, speaker="child", **variables):
        told, log = self.run_both(script, True, **variables)
        violations = log.findings(level="violation")
        self.assertEqual(["foreign-goodbye"], [finding["kind"] for finding in violations],
                         "\n".join(forksan_log.describe(finding) for finding in violations))
        finding = violations[0]
        hearer = "parent" if speaker == "child" else "child"
        self.assertEqual((told[speaker], told[hearer], hearer),
                         (finding["pid"], finding["other"]["pid"], finding["other"]["relation"]),
                         forksan_log.describe(finding))
        self.assert_connection(finding, self.protocol, self.db.peer, told["parent"])
        self.assertEqual(self.goodbye, finding["operation"]["message"])
        path = os.path.join(CASES, script)
        if os.path.splitext(script)[1] in WITH_FRAMES:
            self.assertEqual(scenario.marked(path, "opened"), finding["culprit"]["opened"])
            self.assert_frame(finding["stacks"]["opened"], {scenario.marked(path, "opened")})
            self.assert_frame(finding["stacks"]["forked"], {scenario.marked(path, "forked")})
        return finding

    def check_silent(self, script, **variables):
        _, log = self.run_both(script, False, **variables)
        self.assert_no_violation(log)

    def test_python_mysqlclient(self):
        self.start("MySQL")
        self.check_goodbye("mysqlclient.py")

    def test_python_parent_leaves_under_its_child(self):
        self.start("MySQL")
        self.check_goodbye("parent_leaves.py", speaker="parent")

    def test_python_opener_closes_before_an_idle_child(self):
        self.start("MySQL")
        self.check_silent("opener_closes.py")

    def test_dispose_without_close_of_a_c_driver(self):
        self.start("MySQL")
        finding = self.check_goodbye("sqlalchemy_dispose.py",
                                     APP_DATABASE=scenario.mysql_url(self.db, "mysqldb"))
        used = scenario.marked(os.path.join(CASES, "sqlalchemy_dispose.py"), "used")
        self.assertEqual(used, finding["culprit"]["use"])

    def test_dispose_without_close_of_guarded_drivers(self):
        self.start("MySQL")
        self.check_silent("sqlalchemy_dispose.py", APP_DATABASE=scenario.mysql_url(self.db))
        self.start("PostgreSQL")
        self.check_silent("sqlalchemy_dispose.py", APP_DATABASE=scenario.postgresql_url(self.db))

    def test_perl_dbi(self):
        self.start("MySQL")
        self.check_goodbye("dbi.pl", APP_DRIVER="mysql")
        self.check_silent("dbi.pl", APP_DRIVER="mysql", APP_GUARD="1")

    def test_perl_dbd_mariadb_ignores_its_guard(self):
        self.start("MySQL")
        self.check_goodbye("dbi.pl", APP_DRIVER="MariaDB")
        self.check_goodbye("dbi.pl", APP_DRIVER="MariaDB", APP_GUARD="1")

    def test_php_mysqli(self):
        self.start("MySQL")
        self.check_goodbye("mysqli.php")

    def test_ruby_mysql2(self):
        self.start("MySQL")
        self.check_goodbye("mysql2.rb")

    def test_ruby_pg(self):
        self.start("PostgreSQL")
        self.check_goodbye("pg.rb")


if __name__ == "__main__":
    scenario.main()
