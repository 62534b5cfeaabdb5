# SPDX-License-Identifier: MIT
"""A SQLAlchemy engine made at import, used once at import, and shared by whoever forks then.

APP_DATABASE is its URL, APP_ENGINE a JSON object of arguments for create_engine().
"""

import json
import os

from flask import Flask
from sqlalchemy import create_engine, text

engine = create_engine(os.environ["APP_DATABASE"], **json.loads(os.environ.get("APP_ENGINE", "{}")))
app = Flask(__name__)

with engine.connect() as connection:  # MARK opened
    connection.execute(text("select 1"))


@app.route("/id/<int:number>")
def read(number):
    with engine.connect() as session:  # MARK borrowed
        query = text("select id from t where id = :id")
        row = session.execute(query, {"id": number}).fetchone()  # MARK used
    return str(row[0]) if row else ""


@app.after_request
def sign(response):
    response.headers["X-Pid"] = str(os.getpid())
    return response
