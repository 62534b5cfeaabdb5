# SPDX-License-Identifier: MIT
"""No goodbye to report: the opener closes its own connection while an idle child holds a copy."""

import os

import MySQLdb

connection = MySQLdb.connect(
    host="127.0.0.1", port=int(os.environ["APP_PORT"]), user="app", passwd="secret", db="app")
done, finished = os.pipe()
child = os.fork()
if child == 0:
    os.close(finished)
    os.read(done, 1)
    os._exit(0)
connection.close()
os.close(finished)
os.waitpid(child, 0)
print("child", child)
