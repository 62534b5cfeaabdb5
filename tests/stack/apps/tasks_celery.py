# SPDX-License-Identifier: MIT
"""A Celery worker whose module connects when it is imported: its prefork children inherit that."""

import os

import celery
import MySQLdb

app = celery.Celery("tasks_celery", broker=os.environ["BROKER"])
app.conf.task_ignore_result = True


def open_database():
    return MySQLdb.connect(host="127.0.0.1", port=int(os.environ["DB_PORT"]),  # MARK opened
                           user=os.environ["DB_USER"], passwd=os.environ["DB_PASSWORD"],
                           db=os.environ["DB_NAME"])


database = open_database()


def ask():
    database.query("select count(*) from t")  # MARK used
    return database.store_result().fetch_row()


@app.task
def count():
    return ask()
