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

import cases
import scenario


class Goodbyes(cases.Cases):
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
        used = scenario.marked(os.path.join(cases.CASES, "sqlalchemy_dispose.py"), "used")
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
        # Whether the guard holds is chance, by the addresses of Perl's objects: the order in which
        # they are destroyed at the end.
        for _ in range(4):
            told, log = self.run_watched("dbi.pl", APP_DRIVER="MariaDB", APP_GUARD="1")
            self.assertEqual(["foreign-goodbye"] if told["damage"] else [],
                             [finding["kind"] for finding in log.findings(level="violation")])

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
