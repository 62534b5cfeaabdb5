# SPDX-License-Identifier: MIT
"""A SQLAlchemy engine made at a process's first request, never before a fork."""

import functools
import os

from flask import Flask
from sqlalchemy import create_engine, text

app = Flask(__name__)


@functools.lru_cache(maxsize=None)
def engine():
    return create_engine(os.environ["APP_DATABASE"])


@app.route("/id/<int:number>")
def read(number):
    with engine().connect() as session:
        query = text("select id from t where id = :id")
        row = session.execute(query, {"id": number}).fetchone()
    return str(row[0]) if row else ""


@app.after_request
def sign(response):
    response.headers["X-Pid"] = str(os.getpid())
    return response
