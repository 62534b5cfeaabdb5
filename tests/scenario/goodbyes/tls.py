# SPDX-License-Identifier: MIT
"""One TLS connection and two processes.

APP_DRIVER  mysqlclient, pymysql, psycopg2 or requests; APP_AUTHORITY: the file that signed the
            server's certificate.
            All but mysqlclient, to which that means a unix socket, know the server as localhost.
APP_CASE    siblings     two forked workers ask, one after the other
            at_once      the second worker asks while the first awaits its answer
            last_holder  the only worker asks and ends; then the opener, which has asked before,
                         ends with its driver's goodbye
            last_asks    as last_holder, but the opener asks once more
            child_exits  the child never asks and ends as programs end; then the parent asks
            opener       as child_exits, but the child runs no destructor
            both_exit    as child_exits, but the parent ends, too, without asking

Prints as tests/support/cases.py says, with `child` for each process that asked after the fork.
"""

import os
import select
import sys

PORT = int(os.environ["APP_PORT"])
AUTHORITY = os.environ["APP_AUTHORITY"]
DRIVER = os.environ["APP_DRIVER"]
CASE = os.environ["APP_CASE"]
MYSQL = {"host": "127.0.0.1", "port": PORT, "user": "app", "database": "app",
         "ssl": {"ca": AUTHORITY}}

if DRIVER == "mysqlclient":
    import MySQLdb as driver
    connection = driver.connect(password="secret", **MYSQL)  # MARK opened_mysqlclient
elif DRIVER == "pymysql":
    import pymysql as driver
    MYSQL["host"] = "localhost"
    connection = driver.connect(password="secret", read_timeout=2, **MYSQL)  # MARK opened_pymysql
elif DRIVER == "psycopg2":
    import psycopg2 as driver
    connection = driver.connect(  # MARK opened_psycopg2
        host="localhost", hostaddr="127.0.0.1", port=PORT, user="postgres", sslmode="verify-ca",
        sslrootcert=AUTHORITY)
    connection.autocommit = True
else:
    import requests
    connection = requests.Session()
    connection.verify = AUTHORITY
    connection.trust_env = False

SLEEP = {"psycopg2": "pg_sleep(0.5)"}.get(DRIVER, "sleep(0.5)")


def ask(number, what="1"):
    if DRIVER == "requests":
        answer = connection.get(f"https://localhost:{PORT}/{number}", timeout=2)  # MARK requests
        return int(answer.text[1:])
    cursor = connection.cursor()
    cursor.execute(f"select {number}, {what}")  # MARK used
    return cursor.fetchone()[0]


def ask_and_tell(number, what="1"):
    """Asks, and writes at once how that went, since two processes write."""
    try:
        got = ask(number, what)
        text = "" if got == number else f"damage {got} for {number}\n"
    except Exception as error:  # each driver has its own, and in its wrong state any
        text = f"damage {type(error).__name__} {error}".replace("\n", " ") + "\n"
    os.write(1, f"{text}child {os.getpid()}\n".encode())


def fork(run):
    child = os.fork()  # MARK forked
    if child == 0:
        run()
        os._exit(0)
    return child


assert ask(1) == 1
if CASE == "siblings":
    for worker in (2, 3):
        os.waitpid(fork(lambda: ask_and_tell(worker)), 0)
    os._exit(0)
elif CASE == "at_once":
    first = fork(lambda: ask_and_tell(2, SLEEP))
    second = fork(lambda: (select.select([], [], [], 0.2), ask_and_tell(3)))
    os.waitpid(first, 0)
    os.waitpid(second, 0)
    os._exit(0)
elif CASE == "last_holder":
    os.waitpid(fork(lambda: ask_and_tell(2)), 0)
elif CASE == "last_asks":
    os.waitpid(fork(lambda: ask_and_tell(2)), 0)
    ask_and_tell(3)
else:
    child = fork(sys.exit if CASE != "opener" else lambda: None)
    os.waitpid(child, 0)
    if CASE == "both_exit":
        print("child", child)
    else:
        ask_and_tell(2)
