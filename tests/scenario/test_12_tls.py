#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Inside TLS nothing can be read, yet the connection is the protocol that asked for TLS, or that
its hello names, the hello says which host is meant, and the lineage rule needs no bytes.

Who asked and who was answered is told by direction alone, so no crossed reply is ever proven; the
last holder's final writes are taken for its goodbye.
"""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import cases
import forksan_log
import scenario
import servers

SCRIPT = os.path.join(cases.CASES, "tls.py")
USED = {scenario.marked(SCRIPT, "used"), scenario.marked(SCRIPT, "requests")}


class Tls(cases.Cases):
    def setUp(self):
        super().setUp()
        self.tls = self.stack.enter_context(servers.certificates())

    def secure(self, protocol):
        files = {"MySQL": ("ssl_ca", "ssl_cert", "ssl_key"),
                 "PostgreSQL": ("ssl_ca_file", "ssl_cert_file", "ssl_key_file")}[protocol]
        self.start(protocol, **dict(zip(files, (self.tls.authority, self.tls.certificate,
                                                self.tls.key))),
                   **({"ssl": "on"} if protocol == "PostgreSQL" else {}))

    def secure_http(self):
        self.protocol, self.kind = "HTTP", "http"
        self.db = self.stack.enter_context(servers.https(self.tls))

    def told(self, driver, case, damaged):
        """Returns the log of `case`; both it and the bare run show whether there was damage."""
        _, log = self.run_both("tls.py", damaged, APP_DRIVER=driver, APP_CASE=case,
                               APP_AUTHORITY=self.tls.authority)
        return log

    def check_shared(self, driver, opened):
        """Two workers, in turn and at once: a shared-use that names the protocol and the lines."""
        for case in ("siblings", "at_once"):
            log = self.told(driver, case, True)
            shared = log.findings(kind="shared-use")
            self.assertTrue(shared)
            for finding in shared:
                connection = finding["connection"]
                self.assertEqual((self.protocol, self.kind, self.db.peer),
                                 (connection["protocol"], connection["class"],
                                  connection["peer"]))
                self.assertEqual(None if driver == "mysqlclient" else "localhost",
                                 connection.get("server_name"))
                self.assertEqual("sibling", finding["other"]["relation"])
                self.assertEqual(scenario.marked(SCRIPT, opened), finding["culprit"]["opened"])
                self.assertIn(finding["culprit"]["use"], USED)
                self.assert_frame(finding["stacks"]["other_use"], USED)
            for finding in log.findings(kind="crossed-reply"):
                self.assertEqual(("alternation", "likely"),
                                 (finding["basis"], finding["certainty"]),
                                 forksan_log.describe(finding))
            if case == "siblings":  # each had its turn: its own request, its own answer
                self.assertEqual([], log.findings(kind="crossed-reply"))
            # A driver that meets a record it cannot decrypt ends the session with an alert.
            for finding in log.findings(kind="foreign-goodbye"):
                self.assertEqual("likely", finding["certainty"])

    def check_quiet(self, driver, *more):
        """What is sound stays so."""
        for case in ("last_holder", "opener", *more):
            self.assert_no_violation(self.told(driver, case, False))

    def test_mysqlclient(self):
        self.secure("MySQL")
        self.check_shared("mysqlclient", "opened_mysqlclient")
        self.check_quiet("mysqlclient", "both_exit")

    def test_mysqlclient_child_exits(self):
        # The child's COM_QUIT is a write that cannot be read; it is the parent's use, the next
        # one, that breaks the rule, though it gets no answer but the end of the stream.
        self.secure("MySQL")
        log = self.told("mysqlclient", "child_exits", True)
        violations = log.findings(level="violation")
        self.assertEqual(["shared-use"], [finding["kind"] for finding in violations],
                         "\n".join(forksan_log.describe(finding) for finding in violations))
        finding = violations[0]
        self.assertEqual("child", finding["other"]["relation"])
        self.assertEqual(scenario.marked(SCRIPT, "used"), finding["culprit"]["use"])
        hazard, = log.findings(level="hazard")
        self.assertEqual(finding["other"]["pid"], hazard["pid"])

    def test_what_strict_cannot_stop(self):
        # The opener's write may be its goodbye.  It is the read after it that strict mode stops, and
        # its answer is taken by nobody; where nothing is read the write stays a goodbye, and counted.
        self.secure("PostgreSQL")
        for case, status, presumed in (("last_asks", -signal.SIGABRT, 0), ("last_holder", 0, 1)):
            log = self.new_log()
            told = self.run_case("tls.py", forksan_log.forksan_env(
                log.path, {"APP_PORT": str(self.db.port), "APP_DRIVER": "psycopg2", "APP_CASE": case,
                           "APP_AUTHORITY": self.tls.authority}, strict=1), status=status)
            log.wait_for_summary()
            self.assertIsNone(told["damage"])
            self.assertEqual(presumed, log.counters["goodbyes_presumed"])
            if status:
                finding, = log.findings(level="violation")
                self.assertEqual("aborted", finding["action"])
                self.assertIn("the write had gone out", finding["text"])

    def test_pymysql(self):
        self.secure("MySQL")
        self.check_shared("pymysql", "opened_pymysql")
        self.check_quiet("pymysql", "child_exits", "both_exit")

    def test_psycopg2(self):
        self.secure("PostgreSQL")
        self.check_shared("psycopg2", "opened_psycopg2")
        self.check_quiet("psycopg2", "child_exits", "both_exit")

    def test_ruby_pg_child_exits(self):
        # Terminate, which cannot be read, and a close_notify, which its size shows.  The parent takes
        # the server's close_notify, the answer to that: no crossed reply, since a goodbye is no
        # request.
        self.secure("PostgreSQL")
        self.goodbye = "application_data"
        finding = self.check_goodbye("pg.rb", also=["shared-use"],
                                     PGSSLMODE="require")
        self.assertEqual("likely", finding["certainty"])

    def test_https(self):
        self.secure_http()
        self.check_shared("requests", "requests")
        self.check_quiet("requests", "child_exits", "both_exit")

    def test_a_hello_in_single_bytes(self):
        self.secure_http()
        _, log = self.run_both("tls_cut.py", True, APP_AUTHORITY=self.tls.authority)
        shared = log.findings(kind="shared-use")
        self.assertTrue(shared)
        for finding in shared:
            connection = finding["connection"]
            self.assertEqual((self.protocol, self.kind, "localhost"),
                             (connection["protocol"], connection["class"],
                              connection.get("server_name")))


if __name__ == "__main__":
    scenario.main()
