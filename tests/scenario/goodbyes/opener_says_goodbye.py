# SPDX-License-Identifier: MIT
"""No goodbye to report: the opener ends its own session while an idle child holds a copy, with
APP_PROTOCOL's own message."""

import os


def open_redis():
    import redis
    connection = redis.Connection("127.0.0.1", PORT)
    connection.connect()

    def leave():
        connection.send_command("QUIT")
        assert connection.read_response() == b"OK"
    return leave


def open_memcached():
    import pylibmc
    client = pylibmc.Client([f"127.0.0.1:{PORT}"])
    client.set("name", "value")
    return client.disconnect_all


def open_ldap():
    import ldap
    directory = ldap.initialize(f"ldap://127.0.0.1:{PORT}")
    directory.simple_bind_s("cn=admin,dc=example", "secret")
    return directory.unbind_s


def open_amqp():
    import pika
    return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", PORT)).close


PORT = int(os.environ["APP_PORT"])
leave = {"Redis": open_redis, "memcached": open_memcached, "LDAP": open_ldap,
         "AMQP": open_amqp}[os.environ["APP_PROTOCOL"]]()
done, finished = os.pipe()
child = os.fork()
if child == 0:
    os.close(finished)
    os.read(done, 1)
    os._exit(0)
leave()
os.close(finished)
os.waitpid(child, 0)
print("child", child)
