#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Goodbyes of caches, directories and brokers: a child that never used its parent's connection
says QUIT, quit, UnbindRequest or Connection.Close on it when it exits.

As in test_08_goodbyes.py the damage is shown first without forksan; guarded drivers, children that
leave without destructors, openers that close what is theirs, and last holders are silent.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import cases
import scenario


class OtherGoodbyes(cases.Cases):
    def check_opener(self):
        self.check_silent("opener_says_goodbye.py", APP_PROTOCOL=self.protocol)
        self.check_silent("opener_says_goodbye.py", APP_PROTOCOL=self.protocol, APP_HEIR="1")

    def check_strict(self, script):
        """The child is ended before its goodbye leaves, so the parent is not harmed."""
        if scenario.BY_ATTACH:
            return  # few kernels let it do that: docs/attach.md
        told, log = self.run_watched(script, {"strict": 1})
        self.assertIsNone(told["damage"])
        goodbye, = log.findings(level="violation")
        self.assertEqual(("foreign-goodbye", told["child"], self.goodbye),
                         (goodbye["kind"], goodbye["pid"], goodbye["operation"]["message"]))
        _, log = self.run_watched("opener_says_goodbye.py", {"strict": 1}, APP_HEIR="1",
                                  APP_PROTOCOL=self.protocol)
        self.assert_no_violation(log)

    def test_redis(self):
        self.start("Redis")
        self.check_goodbye("redis_quit.rb")
        self.check_silent("redis_quit.rb", APP_GUARD="1")
        self.check_silent("redis_disconnect.py")
        self.check_opener()
        self.check_strict("redis_quit.rb")

    def test_memcached(self):
        self.start("memcached")
        self.check_goodbye("pylibmc_exit.py")
        self.check_goodbye("memcached_exit.php")
        self.check_silent("pylibmc_exit.py", APP_GUARD="1")
        self.check_opener()
        self.check_strict("pylibmc_exit.py")

    def test_memcached_binary(self):
        self.start("memcached")
        self.goodbye = "Quit"
        self.check_goodbye("pylibmc_exit.py", APP_BINARY="1")
        self.check_goodbye("memcached_exit.php", APP_BINARY="1")

    def test_ldap(self):
        self.start("LDAP")
        self.check_goodbye("ldap_exit.py")
        self.check_silent("ldap_exit.py", APP_GUARD="1")
        self.check_opener()
        self.check_strict("ldap_exit.py")

    def test_amqp(self):
        self.start("AMQP")
        for driver in ("pika", "amqp"):
            self.check_goodbye("amqp_exit.py", opened=f"opened_{driver}", APP_DRIVER=driver)
            self.check_silent("amqp_exit.py", APP_GUARD="1", APP_DRIVER=driver)
        self.check_opener()


if __name__ == "__main__":
    scenario.main()
