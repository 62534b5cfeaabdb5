# SPDX-License-Identifier: MIT
"""A Flask application that connects when it is imported: gunicorn --preload, uWSGI."""

import os

import flask
import pymysql


def open_database():
    return pymysql.connect(host="127.0.0.1", port=int(os.environ["DB_PORT"]),  # MARK opened
                           user=os.environ["DB_USER"], password=os.environ["DB_PASSWORD"],
                           database=os.environ["DB_NAME"])


class Repository:
    connection = open_database()

    def count(self):
        cursor = self.connection.cursor()
        cursor.execute("select count(*) from t")  # MARK used
        return cursor.fetchone()[0]  # MARK used


app = flask.Flask(__name__)


@app.route("/")
def index():
    return f"{os.getpid()} {Repository().count()}\n"
