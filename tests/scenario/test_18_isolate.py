#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""mode=isolate keeps servers with the bug correct: no wrong answer, no empty one, none that never
comes, and at most one error for each process and connection, none where the driver asks first
whether its connection is alive.

The programs of tests/scenario/isolate open a connection, fork two children, and all three use it at
once; the web servers share a pool.  FORKSAN_BARE=1 runs each without isolation, too; FORKSAN_TIMES=20
runs each twenty times with it.  The last lines printed are the table of what came of each.
"""

import collections
import contextlib
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import processes
import scenario
import servers
import web

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "isolate")
INTERPRETERS = {".py": "/usr/bin/python3", ".pl": "/usr/bin/perl", ".php": "/usr/bin/php",
                ".rb": "/usr/bin/ruby"}
# For a program; each does 150 questions in less than a second, where it has a processor for itself.
LIMIT_S = 120
BARE_LIMIT_S = 3  # without isolation many hang
QUESTIONS = 150
BARE = os.environ.get("FORKSAN_BARE") == "1"
TIMES = int(os.environ.get("FORKSAN_TIMES", "1"))
table = {}  # title: (answers without isolation, answers with), each counted


def note(title, bare, isolated):
    cells = table.setdefault(title, (collections.Counter(), collections.Counter()))
    cells[0][bare] += 1
    cells[1][isolated] += 1


def counts_of(output):
    """The lines of a program's processes, added; a process that never came to its line lost all its
    questions.  A line may follow upon half a line of another process: drivers write in pieces."""
    lines = re.findall(r"right (\d+) wrong (\d+) empty (\d+) error (\d+)$", output, re.MULTILINE)
    right, wrong, empty, error = (sum(int(line[i]) for line in lines) for i in range(4))
    return {"right": right, "wrong": wrong, "empty": empty, "error": error,
            "lost": QUESTIONS - right - wrong - empty - error}


def words(counts):
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "none"


UNICORN = (["/usr/bin/unicorn", "-l", "127.0.0.1:{port}", "-c",
            os.path.join(PROGRAMS, "unicorn.conf.rb"), os.path.join(PROGRAMS, "app.ru")],
           r"master pid=(\d+)", r"worker=\d+ spawned pid=(\d+)")
PUMA = (["/usr/bin/puma", "-b", "tcp://127.0.0.1:{port}", "-C",
         os.path.join(PROGRAMS, "puma.conf.rb"), os.path.join(PROGRAMS, "app.ru")],
        r"Master PID: (\d+)", r"Worker \d+ \(PID: (\d+)\) booted")
# The application is loaded by a preloader, of which the workers are forks (smart spawning).
PASSENGER = (["/usr/bin/passenger", "start", PROGRAMS, "--app-type", "rack", "--startup-file",
              os.path.join(PROGRAMS, "app.ru"), "--address", "127.0.0.1", "--port", "{port}",
              "--environment", "production", "--engine", "builtin", "--spawn-method", "smart",
              "--min-instances", "2", "--max-pool-size", "2", "--log-file", "/dev/stdout",
              "--pid-file", "{directory}/{port}.pid",
              "--disable-security-update-check", "--disable-anonymous-telemetry"],
             r"master pid=(\d+)", r"worker pid=(\d+)")


def ruby(server, environment, directory):
    argv, master, worker = server

    def command(port):
        return [part.format(port=port, directory=directory) for part in argv]

    # Passenger leaves the tail(1) behind that shows its log.
    return web.running(command, 2, master, worker, environment, [], group=True)


class Served(scenario.Scenario):
    """A server that the program finds by its environment."""

    def start(self, server, secure=False, **settings):
        authority = ""
        if secure:
            tls = self.stack.enter_context(servers.certificates())
            names = {"mariadb": ("ssl_ca", "ssl_cert", "ssl_key"),
                     "postgresql": ("ssl_ca_file", "ssl_cert_file", "ssl_key_file")}[server]
            settings.update(zip(names, (tls.authority, tls.certificate, tls.key)))
            if server == "postgresql":
                settings["ssl"] = "on"
            authority = tls.authority
        db = self.stack.enter_context(getattr(servers, server)(**settings))
        self.variables = {"APP_HOST": db.host, "APP_PORT": str(db.port), "APP_USER": db.user,
                          "APP_PASSWORD": db.password, "APP_DATABASE": db.database,
                          "APP_AUTHORITY": authority}


class Programs(Served):
    def run_program(self, argv, environment):
        output = os.path.join(self.directory, "output")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(output)
        # timeout(1) ends the children, too, of a program that hangs: its silence is in the counts.
        limit = LIMIT_S if "LD_PRELOAD" in environment else BARE_LIMIT_S
        with processes.Process(["/usr/bin/timeout", str(limit), *argv], output,
                               env=environment) as process:
            process.wait(limit + 5)
            process.stop()
            text = process.output()
        return counts_of(text), text

    def check(self, title, argv, errors=2, also=(), **variables):
        """`errors`: at most so many, with one connection and three processes of which one keeps it.
        `also`: further actions of violations."""
        variables = {**self.variables, **variables}
        bare = "not run"
        if BARE:
            bare = words(self.run_program(argv, forksan_log.bare_env(**variables))[0])
        for _ in range(TIMES):
            self.check_once(title, bare, argv, variables, errors, also)

    def check_once(self, title, bare, argv, variables, errors, also):
        log = self.new_log()
        environment = forksan_log.forksan_env(log.path, variables, mode="isolate")
        counts, text = self.run_program(argv, environment)
        log.wait_for_summary()
        log.validate()
        note(title, bare, words(counts))
        self.say(title, words(counts))
        self.assertEqual((0, 0, 0), (counts["wrong"], counts["empty"], counts["lost"]), text)
        self.assertLessEqual(counts["error"], errors, text)
        self.assertGreaterEqual(log.counters["isolated"] + log.counters["goodbyes_held"], 1)
        self.assertEqual(0, log.counters["isolate_failed"])
        self.assertEqual(0, log.counters["replies_crossed"])
        actions = {finding.get("action") for finding in log.findings(level="violation")}
        self.assertLessEqual(actions, {"isolated", "held-back", *also})

    def script(self, name):
        return [INTERPRETERS[os.path.splitext(name)[1]], os.path.join(PROGRAMS, name)]

    def compiled(self, define, *libraries):
        path = os.path.join(self.directory, define.lower())
        flags = [f"-I{os.path.join('/usr/include', name)}" for name in ("postgresql",)]
        subprocess.run(["gcc", "-O1", f"-D{define}", *flags, "-o", path,
                        os.path.join(PROGRAMS, "app.c"), *(f"-l{name}" for name in libraries)],
                       check=True)
        return [path]

    def test_mysql(self):
        self.start("mariadb")
        for driver in ("pymysql", "mysqldb"):
            self.check(f"Python {driver}", self.script("app.py"), APP_DRIVER=driver)
        self.check("Python pymysql, ping", self.script("app.py"), errors=0, APP_DRIVER="pymysql",
                   APP_PING="1")
        self.check("Python multiprocessing", self.script("app.py"), APP_DRIVER="pymysql",
                   APP_WAY="multiprocessing")
        for driver in ("mysqli", "pdo_mysql"):
            self.check(f"PHP {driver}", self.script("app.php"), APP_DRIVER=driver)
        self.check("Ruby mysql2", self.script("app.rb"), APP_DRIVER="mysql2")
        for driver in ("mysql", "MariaDB"):
            self.check(f"Perl DBD::{driver}", self.script("app.pl"), APP_DRIVER=driver)

    def check_tls(self, driver):
        self.check(f"Python {driver}, TLS", self.script("app.py"), APP_DRIVER=driver)
        # Nobody else holds the connection then, and a write inside TLS may be a goodbye.
        self.check(f"Python {driver}, TLS, in turns", self.script("app.py"), APP_DRIVER=driver,
                   APP_WAY="turns")

    def test_mysql_tls(self):
        self.start("mariadb", secure=True)
        for driver in ("pymysql", "mysqldb"):
            self.check_tls(driver)

    def test_postgresql(self):
        self.start("postgresql")
        for driver in ("psycopg2", "psycopg", "psycopg_pool", "asyncpg"):
            self.check(f"Python {driver}", self.script("app.py"), APP_DRIVER=driver)
        self.check("PHP pdo_pgsql", self.script("app.php"), APP_DRIVER="pdo_pgsql")
        self.check("Ruby pg", self.script("app.rb"), APP_DRIVER="pg")
        self.check("Perl DBD::Pg", self.script("app.pl"), APP_DRIVER="Pg")
        self.check("C libpq", self.compiled("LIBPQ", "pq"))

    def test_postgresql_tls(self):
        self.start("postgresql", secure=True)
        for driver in ("psycopg2", "psycopg"):
            self.check_tls(driver)

    def test_redis(self):
        self.start("redis")
        self.check("Python redis", self.script("app.py"), APP_DRIVER="redis")
        self.check("PHP phpredis", self.script("app.php"), APP_DRIVER="redis")
        self.check("Ruby redis", self.script("app.rb"), APP_DRIVER="redis")
        self.check("C hiredis", self.compiled("HIREDIS", "hiredis"))

    def test_amqp(self):
        self.start("rabbitmq")
        # Its children change the registration on an epoll instance that they share with their
        # parent (shared-epoll), which is reported and let pass.
        self.check("Python pika", self.script("app.py"), also={None}, APP_DRIVER="pika")
        self.check("Ruby bunny", self.script("app.rb"), APP_DRIVER="bunny")


class Pools(scenario.Scenario):
    """gunicorn --preload and uWSGI with a pool, or with the one connection of a driver that has no pool
    there: 300 requests to two workers."""

    def serve(self, title, server, url, errors=2, engine=None, driver=None):
        variables = {"APP_DATABASE": url, "APP_ENGINE": json.dumps(engine or {})}
        app = "pool"
        if driver:
            variables["APP_DRIVER"] = driver
            app = "one_connection"
        settings = {"preload": True} if server is web.gunicorn else {}
        bare = "not run"
        if BARE:
            bare = str(self.bare_load(server, app, variables=variables, **settings))
        for _ in range(TIMES):
            self.serve_once(title, bare, (server, app), variables, errors, settings)

    def serve_once(self, title, bare, served, variables, errors, settings):
        with self.watched(*served, variables=variables, options={"mode": "isolate"},
                          **settings) as (site, log):
            answers = web.load(site, timeout_s=web.PATIENT_S)
        note(title, bare, str(answers))
        self.say("with isolation", answers)
        self.assertEqual((0, 0), (answers.lies, answers.silence), site.output())
        self.assertLessEqual(answers.error, errors, site.output())
        self.assertGreaterEqual(log.counters["isolated"], 1)
        self.assertEqual(0, log.counters["replies_crossed"])
        self.assertEqual(0, log.counters["isolate_failed"])

    def test_mysql(self):
        db = self.stack.enter_context(servers.mariadb())
        for driver in ("pymysql", "mysqldb"):
            self.serve(f"gunicorn, {driver}", web.gunicorn, scenario.mysql_url(db, driver))
            self.serve(f"gunicorn, {driver}, pool_pre_ping", web.gunicorn,
                       scenario.mysql_url(db, driver), errors=0, engine={"pool_pre_ping": True})
        self.serve("uWSGI, pymysql", web.uwsgi, scenario.mysql_url(db))

    def test_postgresql(self):
        tls = self.stack.enter_context(servers.certificates())
        db = self.stack.enter_context(servers.postgresql(
            ssl="on", ssl_ca_file=tls.authority, ssl_cert_file=tls.certificate,
            ssl_key_file=tls.key))
        for mode in ("disable", "require"):
            url = f"{scenario.postgresql_url(db)}?sslmode={mode}"
            self.serve(f"gunicorn, psycopg2, sslmode={mode}", web.gunicorn, url)
            self.serve(f"gunicorn, psycopg2, sslmode={mode}, pool_pre_ping", web.gunicorn, url,
                       errors=0, engine={"pool_pre_ping": True})
            for driver in ("psycopg", "asyncpg"):
                self.serve(f"gunicorn, {driver}, sslmode={mode}", web.gunicorn,
                           f"postgresql://{db.user}@{db.host}:{db.port}/{db.database}?sslmode={mode}",
                           driver=driver)


class Ruby(Served):
    """Unicorn, Puma and Passenger with two workers, and one connection that they share."""

    def serve_ruby(self, title, driver, command):
        variables = {**self.variables, "APP_DRIVER": driver}
        bare = "not run"
        if BARE:
            with ruby(command, forksan_log.bare_env(**variables), self.directory) as site:
                bare = str(web.load(site))
        for _ in range(TIMES):
            self.serve_once(title, bare, command, variables)

    def serve_once(self, title, bare, command, variables):
        log = self.new_log()
        environment = forksan_log.forksan_env(log.path, variables, mode="isolate")
        with ruby(command, environment, self.directory) as site:
            answers = web.load(site, timeout_s=web.PATIENT_S)
        log.read()  # Puma ends itself by a signal, so there is no summary
        log.validate()
        note(title, bare, str(answers))
        self.say(title, answers)
        self.assertEqual((0, 0), (answers.lies, answers.silence), site.output())
        self.assertLessEqual(answers.error, 2, site.output())
        self.assertEqual(["isolated"], sorted({finding["action"] for finding in
                                               log.findings(kind="shared-use")}))
        self.assertEqual([], log.findings(kind="crossed-reply"))

    def serve_all(self, driver):
        self.serve_ruby(f"Unicorn, {driver}", driver, UNICORN)
        self.serve_ruby(f"Puma, {driver}", driver, PUMA)
        self.serve_ruby(f"Passenger, {driver}", driver, PASSENGER)

    def test_mysql2(self):
        self.start("mariadb")
        self.serve_all("mysql2")

    def test_pg(self):
        self.start("postgresql")
        self.serve_all("pg")

    def test_redis(self):
        self.start("redis")
        self.serve_all("redis")


class Clean(scenario.Scenario):
    """What is sound is left alone: the same answers, and nothing isolated."""

    def check_untouched(self, app, variables, **settings):
        with self.watched(web.gunicorn, app, variables=variables, options={"mode": "isolate"},
                          **settings) as (site, log):
            answers = web.load(site, timeout_s=web.PATIENT_S)
        self.assertEqual(0, answers.bad, f"{answers}\n{site.output()}")
        self.assertEqual((0, 0), (log.counters["isolated"], log.counters["isolate_failed"]))
        return log

    def test_one_worker_no_preload_and_disposed(self):
        db = self.stack.enter_context(servers.mariadb())
        variables = {"APP_DATABASE": scenario.mysql_url(db)}
        self.check_untouched("pool", variables, preload=True, workers=1)
        self.check_untouched("pool", variables)
        log = self.check_untouched("pool", variables, preload=True, config="dispose.py")
        self.assertEqual(0, log.counters["goodbyes_held"])


def cell(answers):
    """`2 error` of one round, `2 error (19), 1 error (1)` of twenty."""
    if len(answers) == 1 and answers.total() == 1:
        return next(iter(answers))
    return ", ".join(f"{text} ({times})" for text, times in answers.most_common())


def print_table():
    width = max(map(len, table), default=0)
    for title, (bare, isolated) in table.items():
        print(f"  {title:{width}}  without: {cell(bare):60}  isolate: {cell(isolated)}")


if __name__ == "__main__":
    try:
        scenario.main()
    finally:
        print_table()
