# SPDX-License-Identifier: MIT
"""A process and its child have read the same part of a TLS record: one goes on, then the other.

    cut.py CONNINFO header|half parent|child

The last argument names the owner, which goes on.  psycopg2 reads the record's first part, then the
process forks.  Standard output tells test_23_isolate_tls.py what to do (`cut header`, `await cut`,
`go on`), each of which is answered by a line.  The last lines are what came of it, of the owner and
of the other.
"""

import os
import select
import sys

import psycopg2

INFO, PART, OWNER = sys.argv[1:]
LIMIT_S = 30


def tell(line):
    os.write(1, line.encode() + b"\n")


def order(line):
    tell(line)
    assert os.read(0, 100) == b"done\n"


def wait(connection):
    while True:
        state = connection.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        waited = [connection]
        readable, writable, _ = select.select(waited if state == psycopg2.extensions.POLL_READ else [],
                                              waited if state == psycopg2.extensions.POLL_WRITE else [],
                                              [], LIMIT_S)
        if not readable and not writable:
            raise TimeoutError


def connect():
    connection = psycopg2.connect(INFO, async_=True)
    wait(connection)
    return connection


def begin(connection, number):
    cursor = connection.cursor()
    cursor.execute("select id from t where id = %s", (number,))
    return cursor


def end(cursor):
    wait(cursor.connection)
    return cursor.fetchone()[0]


def ask(connection, number):
    return end(begin(connection, number))


def begin_cut(number):
    """A question of which only a part of the answer comes."""
    order("cut " + PART)
    cursor = begin(connection, number)
    order("await cut")
    return cursor


connection = connect()
ask(connection, 1)
assert connection.info.ssl_in_use
cursor = begin_cut(7)
# The part has come, and psycopg2 takes all of it.
assert select.select([connection], [], [], LIMIT_S)[0]
while select.select([connection], [], [], 0)[0]:
    assert connection.poll() == psycopg2.extensions.POLL_READ
assert connection.isexecuting()

# Each process waits for a byte of the other; the owner begins.  The other's turn comes when a part of the owner's
# next answer is there to be read.
pipes = [os.pipe(), os.pipe()]
child = os.fork()
mine, others = pipes if child == 0 else reversed(pipes)
os.close(mine[1])
os.close(others[0])
if (OWNER == "child") == (child == 0):
    order("go on")
    answers = [end(cursor)]
    cursor = begin_cut(8)
    os.write(others[1], b"1")
    os.read(mine[0], 1)
    order("go on")
    answers += [end(cursor), ask(connection, 9)]
    tell(f"owner: {answers}")
    os.write(others[1], b"1")
else:
    os.read(mine[0], 1)
    try:
        answers = [end(cursor)]
    except psycopg2.Error as error:
        answers = [type(error).__name__]
        print(error, file=sys.stderr)
    connection = connect()
    answers.append(ask(connection, 10))
    os.write(others[1], b"1")
    os.read(mine[0], 1)
    tell(f"other: {answers}")
if child != 0:
    os.waitpid(child, 0)
