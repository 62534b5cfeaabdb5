# SPDX-License-Identifier: MIT
"""One connection to PostgreSQL, opened at import, of a driver for which SQLAlchemy 1.4 has no pool.  A
request that fails leaves a new connection to the next one.

APP_DATABASE is its URL, APP_DRIVER psycopg or asyncpg.
"""

import asyncio
import os

from flask import Flask

URL = os.environ["APP_DATABASE"]
app = Flask(__name__)


class Psycopg:
    def __init__(self):
        import psycopg
        self.connection = psycopg.connect(URL, autocommit=True)  # MARK psycopg

    def ask(self, number):
        row = self.connection.execute("select id from t where id = %s", (number,)).fetchone()
        return row and row[0]


class Asyncpg:
    def __init__(self):
        import asyncpg
        self.loop = asyncio.new_event_loop()
        self.connection = self.loop.run_until_complete(asyncpg.connect(URL))  # MARK asyncpg

    def ask(self, number):
        return self.loop.run_until_complete(asyncio.wait_for(
            self.connection.fetchval("select id from t where id = $1", number), 10))


DRIVER = {"psycopg": Psycopg, "asyncpg": Asyncpg}[os.environ["APP_DRIVER"]]
driver = DRIVER()
driver.ask(1)


@app.route("/id/<int:number>")
def read(number):
    global driver
    try:
        answer = driver.ask(number)
    except Exception:
        driver = DRIVER()
        raise
    return "" if answer is None else str(answer)


@app.after_request
def sign(response):
    response.headers["X-Pid"] = str(os.getpid())
    return response
