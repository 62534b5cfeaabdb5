# SPDX-License-Identifier: MIT
"""A shop on MariaDB, PostgreSQL and Redis.  SOAK_DIRTY=1: connected at import, so that the workers share the
connections; else each process connects at its first request."""

import os

import MySQLdb
import psycopg2
import redis

mine = {}


def connect():
    database = MySQLdb.connect(host="127.0.0.1", port=int(os.environ["MYSQL_PORT"]), user="app", passwd="secret",
                               db="app", read_timeout=2, autocommit=True)
    store = psycopg2.connect(host="127.0.0.1", port=int(os.environ["PG_PORT"]), user="postgres", dbname="postgres")
    store.autocommit = True
    cache = redis.Connection(host="127.0.0.1", port=int(os.environ["REDIS_PORT"]), socket_timeout=2)
    cache.connect()
    return database, store, cache


if os.environ.get("SOAK_DIRTY") == "1":
    shared = connect()


def connections():
    if os.environ.get("SOAK_DIRTY") == "1":
        return shared
    if os.getpid() not in mine:
        mine.clear()
        mine[os.getpid()] = connect()
    return mine[os.getpid()]


def app(environ, start_response):
    del environ
    database, store, cache = connections()
    status = "200 OK"
    try:
        cursor = database.cursor()
        cursor.execute("select name from t where id = 7")
        cursor.fetchall()
        rows = store.cursor()
        rows.execute("select name from t where id = 7")
        rows.fetchall()
        cache.send_command("PING")
        cache.read_response()
    except Exception:  # pylint: disable=broad-except  # what sharing does to them is the point
        status = "500 Internal Server Error"
    start_response(status, [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
