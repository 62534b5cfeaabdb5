# SPDX-License-Identifier: MIT
"""Connects, becomes a daemon by a double fork, and only the daemon goes on.

    daemon.py RESULT QUERIES      writes "<right> <wrong>" to RESULT when the queries are done

With DAEMON_PARENT=waits the first process stays, its copy of the connection open and unused, until
the daemon has finished (as `systemctl start` of a forking service sees it); else it leaves at once.
"""

import os
import sys

import pymysql


def main(result, queries):
    connection = pymysql.connect(host="127.0.0.1", port=int(os.environ["APP_PORT"]), user="app",
                                 password="secret", database="app")
    connection.ping()
    done, finished = os.pipe()
    if os.fork() != 0:
        os.close(finished)
        if os.environ.get("DAEMON_PARENT") == "waits":
            os.read(done, 1)
        os._exit(0)
    os.close(done)
    os.setsid()
    if os.fork() != 0:
        os._exit(0)

    wrong = 0
    with connection.cursor() as cursor:
        for number in range(1, queries + 1):
            cursor.execute("select id from t where id = %s", (number,))
            wrong += cursor.fetchone() != (number,)
    with open(result + ".part", "w", encoding="ascii") as out:
        out.write(f"{queries - wrong} {wrong}\n")
    os.rename(result + ".part", result)


main(sys.argv[1], int(sys.argv[2]))
