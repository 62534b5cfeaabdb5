# SPDX-License-Identifier: MIT
"""multiprocessing with the start method fork: each process of the pool uses its parent's
connection."""

import multiprocessing
import os

import psycopg2


def open_database():
    return psycopg2.connect(host="127.0.0.1", port=os.environ["DB_PORT"],  # MARK opened
                            user=os.environ["DB_USER"], dbname=os.environ["DB_NAME"])


def ask(number):
    cursor = database.cursor()
    cursor.execute("select name from t where id = %s", (number,))  # MARK used
    return cursor.fetchone()


if __name__ == "__main__":
    database = open_database()
    context = multiprocessing.get_context("fork")
    for number in (1, 2):
        child = context.Process(target=ask, args=(number,))
        child.start()
        child.join()
