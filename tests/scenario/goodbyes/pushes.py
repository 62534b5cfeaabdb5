# SPDX-License-Identifier: MIT
"""Only one process uses the connection, while another holds a copy: what a server sends
unasked, requests sent ahead of their answers, and replies that are read in pieces.

APP_PROTOCOL is PostgreSQL, Redis, memcached or MySQL.  A second connection, opened after the fork,
is the one that causes the pushes.
"""

import os
import select
import socket

PORT = int(os.environ["APP_PORT"])
ROUNDS = 50
BIG = 300_000  # of a reply; more than any driver reads at once


def open_postgresql():
    import psycopg2

    def connect():
        made = psycopg2.connect(host="127.0.0.1", port=PORT, user="postgres")
        made.autocommit = True
        return made, made.cursor()

    listener, cursor = connect()
    cursor.execute("listen news")

    def talk():
        _, other = connect()
        for number in range(ROUNDS):
            other.execute(f"notify news, '{number}'")
            if number % 2:  # the notification comes alone, or with the answer to a request
                select.select([listener], [], [], 5)
                listener.poll()
            cursor.execute(f"select {number}")
            assert cursor.fetchone() == (number,)
            cursor.execute("do $$ begin raise notice 'unasked'; end $$")
        listener.poll()
        assert [note.payload for note in listener.notifies] == [str(n) for n in range(ROUNDS)]
        cursor.execute(f"select repeat('x', {BIG})")
        assert len(cursor.fetchone()[0]) == BIG
        cursor.execute("select generate_series(1, 50000)")
        assert len(cursor.fetchall()) == 50000
        cursor.execute("create temporary table pieces (line text)")
        with open(__file__, encoding="utf-8") as lines:
            cursor.copy_expert("copy pieces from stdin (delimiter E'\\x01', quote E'\\x02', "
                               "format csv)", lines)
        assert cursor.rowcount > 10
    return talk


def open_redis():
    import redis
    connection = redis.Connection("127.0.0.1", PORT)
    connection.connect()
    client = redis.Redis(port=PORT, single_connection_client=True)
    client.ping()

    def read(count):
        return [connection.read_response() for _ in range(count)]

    def talk():
        publisher = redis.Redis(port=PORT)
        connection.send_command("SUBSCRIBE", "news")
        read(1)
        for number in range(ROUNDS):
            publisher.publish("news", number)
            assert read(1)[0][2] == str(number).encode()
            if number % 10 == 0:
                connection.send_command("PING")
                publisher.publish("news", "crossing")
                read(2)
        connection.send_command("UNSUBSCRIBE", "news")
        read(1)
        pipeline = client.pipeline(transaction=False)
        for number in range(1000):
            pipeline.set(f"key{number}", number)
        assert all(pipeline.execute())
        client.set("big", "x" * BIG)
        assert len(client.get("big")) == BIG
        client.delete("count")
        with client.pipeline() as transaction:
            transaction.incr("count").incr("count")
            assert transaction.execute() == [1, 2]
    return talk


def open_memcached():
    peer = socket.create_connection(("127.0.0.1", PORT))
    stream = peer.makefile("rb")

    def ask(request, lines):
        peer.sendall(request)
        return [stream.readline() for _ in range(lines)]

    ask(b"version\r\n", 1)

    def talk():
        big = b"x" * BIG
        for number in range(ROUNDS):
            assert ask(b"set big 0 0 %d\r\n%s\r\n" % (BIG, big), 1) == [b"STORED\r\n"]
            assert ask(b"get big none\r\n", 3)[1] == big + b"\r\n"
            ahead = b"".join(b"set k%d 0 0 1 noreply\r\n1\r\nincr k%d %d\r\n" % (n, n, number)
                             for n in range(20))
            assert ask(ahead, 20) == [b"%d\r\n" % (number + 1)] * 20
            assert ask(b"mg k1 v\r\nmn\r\n", 3)[2] == b"MN\r\n"
    return talk


def open_mysql():
    import MySQLdb
    import MySQLdb.cursors
    import pymysql
    settings = {"host": "127.0.0.1", "port": PORT, "user": "app", "password": "secret",
                "database": "app"}
    connections = [MySQLdb.connect(**settings), pymysql.connect(**settings)]

    def talk():
        for connection in connections:
            cursor = connection.cursor()
            for number in range(ROUNDS):
                cursor.execute(f"select {number}")
                assert cursor.fetchone() == (number,)
            cursor.execute(f"select repeat('x', {BIG})")
            assert len(cursor.fetchone()[0]) == BIG
            cursor.execute("select seq, repeat('y', 100) from seq_1_to_20000")
            assert len(cursor.fetchall()) == 20000
            connection.ping()
    return talk


talk = {"PostgreSQL": open_postgresql, "Redis": open_redis, "memcached": open_memcached,
        "MySQL": open_mysql}[os.environ["APP_PROTOCOL"]]()
done, finished = os.pipe()
child = os.fork()
# With APP_HEIR the child is the only one that talks, and its parent the idle one.
if (child == 0) == bool(os.environ.get("APP_HEIR")):
    talk()
elif child == 0:
    os.close(finished)
    os.read(done, 1)
if child == 0:
    os._exit(0)
os.close(finished)
assert os.waitpid(child, 0)[1] == 0
print("child", child, flush=True)
os._exit(0)  # an heir's opener says no goodbye
