# SPDX-License-Identifier: MIT
"""engine.dispose(close=False) in the child is right where the driver's destructor is silent
(PyMySQL, psycopg2) and wrong where it speaks (mysqlclient)."""

import gc
import os

from sqlalchemy import create_engine, exc, text

engine = create_engine(os.environ["APP_DATABASE"])


def query():
    with engine.connect() as connection:  # MARK opened
        return connection.execute(text("select 1")).fetchone()


query()
child = os.fork()  # MARK forked
if child == 0:
    engine.dispose(close=False)
    gc.collect()  # MARK used
    os._exit(0)
os.waitpid(child, 0)
print("child", child, flush=True)
try:
    query()
except exc.DBAPIError as error:
    print("damage", error.orig)
