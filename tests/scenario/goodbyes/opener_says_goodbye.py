# SPDX-License-Identifier: MIT
"""No goodbye to report: the opener ends its own session with APP_PROTOCOL's own message and reads
the answer to it, while an idle child holds a copy; or, with APP_HEIR=1, as the last holder, after
its only child has used the connection and gone."""

import os


def open_redis():
    import redis
    connection = redis.Connection("127.0.0.1", PORT)
    connection.connect()

    def talk(command, answer):
        connection.send_command(command)
        assert connection.read_response() == answer
    return lambda: talk("PING", b"PONG"), lambda: talk("QUIT", b"OK")


def open_memcached():
    import pylibmc
    client = pylibmc.Client([f"127.0.0.1:{PORT}"])
    client.set("name", "value")
    return lambda: client.get("name"), client.disconnect_all


def open_ldap():
    import ldap
    directory = ldap.initialize(f"ldap://127.0.0.1:{PORT}")
    directory.simple_bind_s("cn=admin,dc=example", "secret")
    return directory.whoami_s, directory.unbind_s


def open_amqp():
    import amqp
    connection = amqp.Connection(f"127.0.0.1:{PORT}")
    connection.connect()
    return connection.channel, connection.close


PORT = int(os.environ["APP_PORT"])
HEIR = os.environ.get("APP_HEIR")
use, leave = {"Redis": open_redis, "memcached": open_memcached, "LDAP": open_ldap,
              "AMQP": open_amqp}[os.environ["APP_PROTOCOL"]]()
done, finished = os.pipe()
child = os.fork()
if child == 0:
    os.close(finished)
    if HEIR:
        use()
    else:
        os.read(done, 1)
    os._exit(0)
if HEIR:
    os.waitpid(child, 0)
leave()
os.close(finished)
if not HEIR:
    os.waitpid(child, 0)
print("child", child)
