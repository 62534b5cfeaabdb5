# SPDX-License-Identifier: MIT
"""mysqlclient has no guard: a forked child that merely exits sends COM_QUIT on the parent's
session, from the destructor of the connection it never used."""

import os
import sys

import MySQLdb


def query():
    cursor = connection.cursor()
    cursor.execute("select 1")
    return cursor.fetchone()


connection = MySQLdb.connect(  # MARK opened
    host="127.0.0.1", port=int(os.environ["APP_PORT"]), user="app", passwd="secret", db="app")
query()
child = os.fork()  # MARK forked
if child == 0:
    sys.exit(0)
os.waitpid(child, 0)
print("child", child, flush=True)
try:
    query()
except MySQLdb.Error as error:
    print("damage", error)
