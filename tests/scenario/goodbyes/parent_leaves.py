# SPDX-License-Identifier: MIT
"""The parent says goodbye: it hands its connection over to a child that has begun to use it, exits
normally, and mysqlclient's destructor sends COM_QUIT under the child."""

import os
import sys

import MySQLdb


def query():
    cursor = connection.cursor()
    cursor.execute("select 1")
    return cursor.fetchone()


connection = MySQLdb.connect(  # MARK opened
    host="127.0.0.1", port=int(os.environ["APP_PORT"]), user="app", passwd="secret", db="app")
parent_lives, parent_end = os.pipe()
child_turn, child_end = os.pipe()
print("parent", os.getpid(), flush=True)
child = os.fork()  # MARK forked
if child != 0:
    os.close(child_end)
    os.read(child_turn, 1)
    sys.exit(0)

os.close(parent_end)
query()
os.write(child_end, b"!")
os.read(parent_lives, 1)  # end of file: the parent has gone
damage = ""
try:
    query()
except MySQLdb.Error as error:
    damage = f"damage {error}\n"
print(f"{damage}child {os.getpid()}", flush=True)
os._exit(0)
