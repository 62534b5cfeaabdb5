# SPDX-License-Identifier: MIT
"""A WSGI application that connects when it is imported, and asks from two children that it forks in
a request: Apache with mod_wsgi, which runs it in a sub-interpreter of a libpython that is hidden
from the program.  CPython's own os.fork() refuses there."""

import ctypes
import os

import psycopg2


def open_database():
    place = {"host": "127.0.0.1", "port": os.environ["DB_PORT"], "user": os.environ["DB_USER"],
             "dbname": os.environ["DB_NAME"]}
    return psycopg2.connect(**place)  # MARK opened


database = open_database()


def ask():
    database.cursor().execute("select count(*) from t")  # MARK used


def application(_environ, start_response):
    for _ in range(2):
        child = ctypes.PyDLL(None).fork()
        if child == 0:
            ask()
            os._exit(0)
        os.waitpid(child, 0)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()}\n".encode()]
