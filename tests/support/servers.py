# SPDX-License-Identifier: MIT
"""Private servers for tests: MariaDB, PostgreSQL, PgBouncer, Redis, memcached, OpenLDAP, RabbitMQ,
HTTPS.

    with servers.mariadb() as db:
        pymysql.connect(host=db.host, port=db.port, user=db.user, password=db.password, ...)

Each has a temporary directory, a free loopback port and small buffers, holds the table `t` where
it is a database (ids 1 to ROWS, name `name-<id>`), and never touches the system's own instance.
Ready means that it has answered a message of its own protocol.  They refuse to run as root or
should not, so as root they run as nobody.

mariadb-install-db and initdb take 0.6 s each without fsync, so nothing is cached between tests.
Standard library only.
"""

import contextlib
import glob
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys

import processes
from processes import Failed, Process, directory, free_port, wait_for

ROWS = 1000
START_ATTEMPTS = 3  # a free port may be taken before the server binds it


class Server:
    """A running server.  `unix` is its socket path where it has one."""

    def __init__(self, process, path, port, *, user="", password="", database="", unix=None):
        self.process = process
        self.path = path
        self.host = "127.0.0.1"
        self.port = port
        self.user = user
        self.password = password
        self.database = database
        self.unix = unix

    @property
    def peer(self):
        return f"{self.host}:{self.port}"


def server_env(path):
    """Our environment, with a directory for temporary files that the servers' user may write."""
    return {**os.environ, "TMPDIR": path}


def run_dropped(argv, path):
    """Runs a preparing command as the servers' user."""
    account = {}
    if os.getuid() == 0:
        uid, gid = processes.server_account()
        account = {"user": uid, "group": gid, "extra_groups": []}
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, check=False, cwd=path,
                            env=server_env(path), **account)
    if result.returncode != 0:
        raise Failed(f"{argv[0]} failed:\n{result.stdout.decode(errors='replace')[-3000:]}")


def write_file(path, text):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)


@contextlib.contextmanager
def started(path, command, ping, **options):
    """Yields (process, port).  `command(port)` is the argument list."""
    for attempt in range(START_ATTEMPTS):
        port = free_port()
        process = Process(command(port), os.path.join(path, "server.log"), dropped=True,
                          cwd=path, env=server_env(path), **options)
        try:
            wait_for(lambda: ping(port), "its first answer", process=process, directories=[path])
        except Failed as failure:
            process.stop()
            if attempt + 1 == START_ATTEMPTS or "address" not in str(failure).lower():
                raise
            continue
        break
    with process:
        yield process, port


def conversation(port, request, length):
    """Sends `request`, returns the first `length` bytes of the answer; b"" when refused."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as peer:
            peer.sendall(request)
            answer = b""
            while len(answer) < length:
                more = peer.recv(length - len(answer))
                if not more:
                    break
                answer += more
            return answer
    except OSError:
        return b""


# --- TLS -------------------------------------------------------------------------------------

class Certificates:
    """`authority` signed `certificate` of 127.0.0.1 and localhost, whose key is `key`."""

    def __init__(self, path):
        self.authority = os.path.join(path, "authority.pem")
        self.certificate = os.path.join(path, "server.pem")
        self.key = os.path.join(path, "server.key")


@contextlib.contextmanager
def certificates():
    """A throw-away authority and a server certificate, readable by the servers' user alone."""
    with directory("forksan-tls-") as path:
        made = Certificates(path)
        request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        run_dropped([*request, "-subj", "/CN=forksan test authority", "-keyout",
                     f"{path}/authority.key", "-out", made.authority], path)
        run_dropped([*request, "-subj", "/CN=localhost", "-addext",
                     "subjectAltName=IP:127.0.0.1,DNS:localhost", "-addext",
                     "basicConstraints=critical,CA:FALSE", "-CA", made.authority, "-CAkey",
                     f"{path}/authority.key", "-keyout", made.key, "-out", made.certificate],
                    path)
        yield made


# --- MariaDB ---------------------------------------------------------------------------------

def mariadb_ping(port):
    # The server greets: 3 bytes length, sequence 0, protocol version 10.
    greeting = conversation(port, b"", 5)
    return greeting[3:5] == b"\x00\x0a"


@contextlib.contextmanager
def mariadb(**settings):
    """User `app`, password `secret`, database `app`.  settings: mariadbd options, _ for -."""
    with directory("forksan-mariadb-") as path:
        data = os.path.join(path, "data")
        small = ["--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M",
                 "--innodb-flush-method=nosync", "--innodb-flush-log-at-trx-commit=0"]
        run_dropped(["mariadb-install-db", "--no-defaults", f"--datadir={data}",
                     "--auth-root-authentication-method=normal", "--skip-test-db", *small], path)
        setup = os.path.join(path, "setup.sql")
        # --init-file runs before the first connection: one statement a line.
        write_file(setup, "\n".join([
            "create database app;",
            "create user app@'%' identified by 'secret';",
            "grant all on *.* to app@'%';",
            "create table app.t (id int primary key, name varchar(40));",
            f"insert into app.t select seq, concat('name-', seq) from app.seq_1_to_{ROWS};",
        ]) + "\n")
        unix = os.path.join(path, "mysql.sock")

        def command(port):
            return ["mariadbd", "--no-defaults", f"--datadir={data}", f"--socket={unix}",
                    "--bind-address=127.0.0.1", f"--port={port}", f"--init-file={setup}",
                    "--skip-name-resolve", "--skip-log-bin", "--performance-schema=off",
                    f"--pid-file={path}/pid", "--max-connections=200", *small,
                    *(f"--{name.replace('_', '-')}={value}" for name, value in settings.items())]

        with started(path, command, mariadb_ping) as (process, port):
            yield Server(process, path, port, user="app", password="secret", database="app",
                         unix=unix)


# --- PostgreSQL and PgBouncer ----------------------------------------------------------------

def postgresql_tool(name):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"),
                   key=lambda tool: int(tool.split("/")[4]))
    if not found:
        raise Failed(f"PostgreSQL's {name} is not installed")
    return found[-1]


def postgresql_ping(port):
    # StartupMessage: length, version 3.0, parameters; the answer is 'R' (authentication) once
    # the server accepts sessions, 'E' while it starts.
    body = b"user\0postgres\0database\0postgres\0\0"
    startup = struct.pack("!II", 8 + len(body), 3 << 16) + body
    return conversation(port, startup, 1) == b"R"


@contextlib.contextmanager
def postgresql(**settings):
    """User and database `postgres`, no password.  settings: parameters of postgresql.conf."""
    with directory("forksan-postgresql-") as path:
        data = os.path.join(path, "data")
        run_dropped([postgresql_tool("initdb"), "-D", data, "-U", "postgres", "-A", "trust",
                     "--no-sync", "--no-locale", "-E", "UTF8", "--no-instructions"], path)

        def command(port):
            return [postgresql_tool("postgres"), "-D", data, "-k", path, "-p", str(port),
                    "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
                    "-c", "shared_buffers=8MB", "-c", "autovacuum=off",
                    *(f"--{name}={value}" for name, value in settings.items())]

        # SIGINT is the fast shutdown, SIGQUIT the immediate one.
        with started(path, command, postgresql_ping, stop_signal=signal.SIGINT,
                     death_signal=signal.SIGQUIT) as (process, port):
            subprocess.run(
                [postgresql_tool("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1",
                 "-p", str(port), "-U", "postgres", "-c",
                 "create table t as select id, 'name-' || id as name "
                 f"from generate_series(1, {ROWS}) as id; alter table t add primary key (id)"],
                check=True, stdin=subprocess.DEVNULL)
            yield Server(process, path, port, user="postgres", database="postgres",
                         unix=os.path.join(path, f".s.PGSQL.{port}"))


@contextlib.contextmanager
def pgbouncer(database, pool_mode="session"):
    """A PgBouncer before `database`, a server of postgresql()."""
    with directory("forksan-pgbouncer-") as path:
        users = os.path.join(path, "users")
        config = os.path.join(path, "pgbouncer.ini")
        write_file(users, '"postgres" ""\n')

        def command(port):
            write_file(config, "\n".join([
                "[databases]",
                f"* = host={database.host} port={database.port}",
                "[pgbouncer]",
                "listen_addr = 127.0.0.1",
                f"listen_port = {port}",
                "unix_socket_dir =",
                "auth_type = trust",
                f"auth_file = {users}",
                f"pool_mode = {pool_mode}",
                "default_pool_size = 10",
            ]) + "\n")
            return ["pgbouncer", config]

        with started(path, command, postgresql_ping, stop_signal=signal.SIGINT) as (process, port):
            yield Server(process, path, port, user="postgres", database="postgres")


# --- caches ----------------------------------------------------------------------------------

@contextlib.contextmanager
def redis():
    with directory("forksan-redis-") as path:
        unix = os.path.join(path, "redis.sock")

        def command(port):
            return ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--dir", path,
                    "--unixsocket", unix, "--save", "", "--appendonly", "no"]

        def ping(port):
            return conversation(port, b"PING\r\n", 7) == b"+PONG\r\n"

        with started(path, command, ping, stop_signal=signal.SIGKILL) as (process, port):
            yield Server(process, path, port, unix=unix)


@contextlib.contextmanager
def memcached():
    with directory("forksan-memcached-") as path:
        def command(port):
            return ["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "8",
                    "-t", "1"]

        def ping(port):
            return conversation(port, b"version\r\n", 8) == b"VERSION "

        with started(path, command, ping, stop_signal=signal.SIGKILL) as (process, port):
            yield Server(process, path, port)


# --- MQTT ------------------------------------------------------------------------------------

@contextlib.contextmanager
def mosquitto():
    with directory("forksan-mosquitto-") as path:
        config = os.path.join(path, "mosquitto.conf")

        def command(port):
            write_file(config, f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
            return ["/usr/sbin/mosquitto", "-c", config]

        def ping(port):
            # CONNECT: MQTT 3.1.1, clean session, client "p"; CONNACK, accepted.
            connect = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x01p"
            return conversation(port, connect, 4) == b"\x20\x02\x00\x00"

        with started(path, command, ping) as (process, port):
            yield Server(process, path, port)


# --- directory -------------------------------------------------------------------------------

def slapd_ping(port):
    # An anonymous simple bind, LDAP version 3; the answer is a SEQUENCE.
    return conversation(port, bytes.fromhex("300c020101600702010304008000"), 1) == b"\x30"


@contextlib.contextmanager
def slapd():
    """Base dc=example, administrator cn=admin,dc=example with password `secret`."""
    with directory("forksan-slapd-") as path:
        config = os.path.join(path, "slapd.conf")
        write_file(config, "\n".join([
            "include /etc/ldap/schema/core.schema",
            "modulepath /usr/lib/ldap",
            "moduleload back_mdb",
            "database mdb",
            "suffix dc=example",
            "rootdn cn=admin,dc=example",
            "rootpw secret",
            f"directory {path}",
            "maxsize 10485760",
        ]) + "\n")

        def command(port):
            return ["slapd", "-h", f"ldap://127.0.0.1:{port}/", "-f", config, "-d", "0"]

        with started(path, command, slapd_ping) as (process, port):
            yield Server(process, path, port, user="cn=admin,dc=example", password="secret",
                         database="dc=example")


# --- broker ----------------------------------------------------------------------------------

def rabbitmq_ping(port):
    # The protocol header; the answer is Connection.Start on channel 0.
    return conversation(port, b"AMQP\0\0\x09\x01", 3) == b"\x01\0\0"


@contextlib.contextmanager
def rabbitmq():
    """User and password guest.  Erlang's name server is one of its own, on a port of its own."""
    with directory("forksan-rabbitmq-") as path:
        names = free_port()
        erlang = {"HOME": path, "ERL_EPMD_PORT": str(names), "ERL_EPMD_ADDRESS": "127.0.0.1",
                  "PATH": "/usr/sbin:/usr/bin:/bin", "LANG": "C.UTF-8"}
        with Process(["epmd", "-port", str(names), "-address", "127.0.0.1"],
                     os.path.join(path, "epmd.log"), dropped=True, cwd=path,
                     env=erlang):

            def environment(port):
                return {
                    **erlang,
                    "RABBITMQ_NODENAME": "forksan@localhost",
                    "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
                    "RABBITMQ_NODE_PORT": str(port),
                    "RABBITMQ_DIST_PORT": str(free_port()),
                    "RABBITMQ_MNESIA_BASE": os.path.join(path, "mnesia"),
                    "RABBITMQ_LOGS": "-",
                    "RABBITMQ_LOG_BASE": os.path.join(path, "log"),
                    "RABBITMQ_CONFIG_FILE": os.path.join(path, "rabbitmq"),
                    "RABBITMQ_CONF_ENV_FILE": os.path.join(path, "rabbitmq-env.conf"),
                    "RABBITMQ_ENABLED_PLUGINS_FILE": os.path.join(path, "plugins"),
                    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                        "-kernel inet_dist_use_interface {127,0,0,1}",
                    # The script becomes the server, so that its pid is the one to stop.
                    "RUNNING_UNDER_SYSTEMD": "true",
                }

            def command(port):
                return ["env", "-i",
                        *(f"{name}={value}" for name, value in environment(port).items()),
                        "/usr/lib/rabbitmq/bin/rabbitmq-server"]

            with started(path, command, rabbitmq_ping,
                         stop_signal=signal.SIGKILL) as (process, port):
                yield Server(process, path, port, user="guest", password="guest")


# --- any protocol over TLS -------------------------------------------------------------------

def tls_ping(tls, question, answer):
    """For started(): whether a server with those certificates() gives that answer, of 8 bytes at most."""
    def ping(port):
        context = ssl.create_default_context(cafile=tls.authority)
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as peer, \
                    context.wrap_socket(peer, server_hostname="127.0.0.1") as secure:
                secure.sendall(question)
                return secure.recv(8) == answer
        except OSError:
            return False

    return ping


@contextlib.contextmanager
def reversing(tls, *options):
    """openssl s_server, which answers each line with its reverse.  `tls` are certificates(); options
    are s_server's: -tls1_2, -alpn NAMES."""
    with directory("forksan-tls-server-") as path:
        def command(port):
            return ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", tls.certificate,
                    "-key", tls.key, "-rev", "-quiet", *options]

        ping = tls_ping(tls, b"ping\n", b"gnip\n")
        with started(path, command, ping, stop_signal=signal.SIGKILL) as (process, port):
            yield Server(process, path, port)


# --- HTTPS -----------------------------------------------------------------------------------

HTTPS_SERVER = """
import http.server, ssl, sys

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

port, certificate, key = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""


@contextlib.contextmanager
def https(tls):
    """Answers GET with the path, keeps connections.  `tls` are certificates()."""
    with directory("forksan-https-") as path:
        def command(port):
            return [sys.executable, "-c", HTTPS_SERVER, str(port), tls.certificate, tls.key]

        ping = tls_ping(tls, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"HTTP/1.1")
        with started(path, command, ping, stop_signal=signal.SIGKILL) as (process, port):
            yield Server(process, path, port)
