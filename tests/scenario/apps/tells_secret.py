# SPDX-License-Identifier: MIT
"""Says a secret on a connection that parent and child share: as a password, in a request, in a reply.

APP_SERVER is redis or mysql, APP_PORT its port, APP_SECRET the word.  Prints "said", and ends at the end
of its input.
"""

import os
import socket

secret = os.environ["APP_SECRET"]
port = int(os.environ["APP_PORT"])


def redis_talk():
    connection = socket.create_connection(("127.0.0.1", port))

    def call(*words):
        request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        connection.sendall(request.encode())
        return connection.recv(4096)

    def talk():
        call("AUTH", secret)  # refused: it has no password
        call("SET", "key", secret)
        assert secret.encode() in call("GET", "key")
    return talk


def mysql_talk():
    import MySQLdb
    connection = MySQLdb.connect(host="127.0.0.1", port=port, user="app", passwd="secret", db="app")

    def talk():
        cursor = connection.cursor()
        cursor.execute(f"select '{secret}'")
        assert cursor.fetchone() == (secret,)
    return talk


talk = {"redis": redis_talk, "mysql": mysql_talk}[os.environ["APP_SERVER"]]()
talk()
child = os.fork()
if child == 0:
    talk()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
talk()
os.write(1, b"said")
os.read(0, 1)
os._exit(0)
