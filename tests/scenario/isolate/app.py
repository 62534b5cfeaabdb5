# SPDX-License-Identifier: MIT
"""A connection is opened and used, then two children and their parent use it at once: the contract
of all programs in this directory.

APP_DRIVER names the driver, APP_HOST, APP_PORT, APP_USER, APP_PASSWORD, APP_DATABASE the server,
APP_AUTHORITY the authority of its certificate (TLS; empty: none).  APP_PING=1: each question is
preceded by the driver's own liveness check.  After an error the process connects anew, as
applications do.  Each process asks QUESTIONS questions and prints one line:

    right 50 wrong 0 empty 0 error 0

The parent's line is the last.  APP_WAY=multiprocessing has the children made by that module.
APP_WAY=turns has one process after another work, each when its predecessor has ended.
"""

import asyncio
import multiprocessing
import os
import random
import sys

QUESTIONS = 50
DRIVER = os.environ["APP_DRIVER"]
HOST, PORT = os.environ["APP_HOST"], int(os.environ["APP_PORT"])
USER, PASSWORD = os.environ.get("APP_USER", ""), os.environ.get("APP_PASSWORD", "")
DATABASE, AUTHORITY = os.environ.get("APP_DATABASE", ""), os.environ.get("APP_AUTHORITY", "")
PING = os.environ.get("APP_PING") == "1"


class Mysql:
    def __init__(self):
        ssl = {"ssl": {"ca": AUTHORITY}} if AUTHORITY else {}
        if DRIVER == "pymysql":
            import pymysql as module
        else:
            import MySQLdb as module
        self.connection = module.connect(host=HOST, port=PORT, user=USER, password=PASSWORD,
                                         database=DATABASE, autocommit=True, **ssl)

    def alive(self):
        try:
            self.connection.ping() if DRIVER == "mysqldb" else self.connection.ping(reconnect=False)
        except Exception:  # pylint: disable=broad-except
            return False
        return True

    def ask(self, number):
        cursor = self.connection.cursor()
        cursor.execute("select id from t where id = %s", (number,))
        row = cursor.fetchone()
        cursor.close()
        return row and row[0]


class Postgresql:
    def __init__(self):
        ssl = f" sslmode=verify-ca sslrootcert={AUTHORITY}" if AUTHORITY else " sslmode=disable"
        if DRIVER == "psycopg2":
            import psycopg2 as module
        else:
            import psycopg as module
        self.connection = module.connect(f"host={HOST} port={PORT} user={USER} dbname={DATABASE}" +
                                         ssl)
        self.connection.autocommit = True

    def alive(self):
        try:
            self.ask(1)
        except Exception:  # pylint: disable=broad-except
            return False
        return True

    def ask(self, number):
        cursor = self.connection.cursor()
        cursor.execute("select id from t where id = %s", (number,))
        row = cursor.fetchone()
        cursor.close()
        return row and row[0]


class Pool(Postgresql):
    """psycopg_pool, whose threads are not in a forked child; one connection."""

    def __init__(self):
        import psycopg_pool
        self.pool = psycopg_pool.ConnectionPool(
            f"host={HOST} port={PORT} user={USER} dbname={DATABASE} sslmode=disable",
            min_size=1, max_size=1, kwargs={"autocommit": True})
        self.pool.wait()

    def ask(self, number):
        with self.pool.connection() as connection:
            row = connection.execute("select id from t where id = %s", (number,)).fetchone()
        return row and row[0]


class Asyncpg:
    def __init__(self):
        import asyncpg
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.connection = self.loop.run_until_complete(asyncpg.connect(
            host=HOST, port=PORT, user=USER, database=DATABASE, ssl=False))

    def ask(self, number):
        return self.loop.run_until_complete(asyncio.wait_for(
            self.connection.fetchval("select id from t where id = $1", number), 10))


class Redis:
    def __init__(self):
        import redis
        self.connection = redis.Redis(HOST, PORT, retry_on_error=[], single_connection_client=True)
        for number in range(1, 100):
            self.connection.set(f"k{number}", number)

    def alive(self):
        try:
            return self.connection.ping()
        except Exception:  # pylint: disable=broad-except
            return False

    def ask(self, number):
        answer = self.connection.get(f"k{number}")
        return answer and int(answer)


class Amqp:
    def __init__(self):
        import pika
        self.connection = pika.BlockingConnection(pika.ConnectionParameters(
            HOST, PORT, credentials=pika.PlainCredentials(USER or "guest", PASSWORD or "guest"),
            heartbeat=0, blocked_connection_timeout=10, socket_timeout=10))
        self.channel = self.connection.channel()
        for number in range(1, 6):
            self.channel.queue_declare(f"q{number}")

    def ask(self, number):
        number = number % 5 + 1
        answer = self.channel.queue_declare(f"q{number}", passive=True).method.queue
        return answer and int(answer[1:])


CLASSES = {"pymysql": Mysql, "mysqldb": Mysql, "psycopg2": Postgresql, "psycopg": Postgresql,
           "psycopg_pool": Pool, "asyncpg": Asyncpg, "redis": Redis, "pika": Amqp}
connection = CLASSES[DRIVER]()


def work():
    global connection
    counts = {"right": 0, "wrong": 0, "empty": 0, "error": 0}
    for _ in range(QUESTIONS):
        number = random.randrange(1, 100)
        expected = number % 5 + 1 if DRIVER == "pika" else number
        try:
            if PING and not connection.alive():
                connection = CLASSES[DRIVER]()
            answer = connection.ask(number)
        except Exception as error:  # pylint: disable=broad-except
            counts["error"] += 1
            print(f"{os.getpid()}: {type(error).__name__}: {error}", file=sys.stderr)
            connection = CLASSES[DRIVER]()
            continue
        if answer is None:
            counts["empty"] += 1
        else:
            counts["right" if answer == expected else "wrong"] += 1
    sys.stdout.write(" ".join(f"{name} {count}" for name, count in counts.items()) + "\n")
    sys.stdout.flush()


def main():
    connection.ask(1)
    go, begin = os.pipe()

    def child():
        os.close(begin)
        os.read(go, 1)
        work()

    if os.environ.get("APP_WAY") == "multiprocessing":
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=child) for _ in range(2)]
        for process in children:
            process.start()
        os.close(begin)
        work()
        for process in children:
            process.join()
        return
    pids = []
    for _ in range(2):
        pid = os.fork()
        if pid == 0:
            child()
            sys.exit(0)
        pids.append(pid)
    if os.environ.get("APP_WAY") == "turns":
        while pids:
            os.write(begin, b"1")  # which one of the children takes
            pids.remove(os.wait()[0])
    os.close(begin)
    work()
    for pid in pids:
        os.waitpid(pid, 0)


main()
