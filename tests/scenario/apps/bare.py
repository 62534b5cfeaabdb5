# SPDX-License-Identifier: MIT
"""One module-level mysqlclient connection, made at import and shared by whoever forks then."""

import os

import MySQLdb
from flask import Flask

connection = MySQLdb.connect(  # MARK opened
    host="127.0.0.1", port=int(os.environ["APP_PORT"]), user="app", passwd="secret", db="app",
    read_timeout=2)
app = Flask(__name__)


@app.route("/id/<int:number>")
def read(number):
    cursor = connection.cursor()
    cursor.execute("select id from t where id = %s", (number,))  # MARK used
    row = cursor.fetchone()
    return str(row[0]) if row else ""


@app.after_request
def sign(response):
    response.headers["X-Pid"] = str(os.getpid())
    return response
