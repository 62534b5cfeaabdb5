#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Records conversations of real clients with real servers for tests/unit/test_wire_recorded.c.

usage: record.py DIRECTORY [NAME...]

Starts each server privately (a temporary directory, loopback ports), puts itself between it and the
client, and writes NAME.conv: comment lines, then one line a chunk, "C" or "S" and its bytes in
hexadecimal, in the order in which they passed.  A server or client that is not installed is left
out and named.
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time


class Proxy:
    """Connections, forwarded and written down; the longest is what is kept."""

    def __init__(self, target):
        self.target = target
        self.talks = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if isinstance(self.target, str):
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.target)
            else:
                server = socket.create_connection(("127.0.0.1", self.target))
            chunks = []
            self.talks.append(chunks)
            for source, sink, mark in ((client, server, "C"), (server, client, "S")):
                thread = threading.Thread(target=self.pump, args=(source, sink, mark, chunks),
                                          daemon=True)
                self.threads.append(thread)
                thread.start()

    def pump(self, source, sink, mark, chunks):
        while True:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            if not data:
                try:
                    sink.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                return
            with self.lock:
                chunks.append((mark, data))
            try:
                sink.sendall(data)
            except OSError:
                return

    def finish(self):
        for thread in self.threads:
            thread.join(3)
        self.listener.close()
        return max(self.talks, key=len)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def wait_for(port, process, seconds=60):
    for _ in range(seconds * 10):
        if process.poll() is not None:
            raise RuntimeError("the server ended: %d" % process.returncode)
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server does not listen")


class Server:
    def __init__(self, *command, port=None, cwd=None, env=None, user=None):
        self.directory = cwd
        kwargs = {"user": user, "group": user} if user else {}
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        cwd=cwd, env=env, **kwargs)
        if port:
            wait_for(port, self.process)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def need(*programs):
    for program in programs:
        if shutil.which(program) is None and not os.path.exists(program):
            raise RuntimeError("no %s" % program)


OUT = None


def write(name, protocol, proxy, what):
    lines = ["# %s" % what, "protocol %s" % protocol]
    for mark, data in proxy.finish():
        lines.append("%s %s" % (mark, data.hex()))
    with open(os.path.join(OUT, name + ".conv"), "w") as f:
        f.write("\n".join(lines) + "\n")
    print("%-28s %d chunks" % (name, len(lines) - 2))


# --- MariaDB ------------------------------------------------------------------------------------

def mariadb(tmp):
    need("/usr/sbin/mariadbd")
    data, port = os.path.join(tmp, "my"), free_port()
    subprocess.run(["mariadb-install-db", "--no-defaults", "--user=root", "--datadir=" + data,
                    "--auth-root-authentication-method=normal"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Server("/usr/sbin/mariadbd", "--no-defaults", "--user=root", "--datadir=" + data,
                    "--port=%d" % port, "--bind-address=127.0.0.1", "--socket=" + tmp + "/my.sock",
                    "--local-infile=1", "--ssl-cert=" + tmp + "/cert.pem",
                    "--ssl-key=" + tmp + "/key.pem", port=port)
    try:
        sql = tmp + "/my.sock"
        subprocess.run(["mariadb", "--no-defaults", "-S", sql], check=True, text=True, input="""
delete from mysql.global_priv where user = ''; flush privileges;
create user app@'%' identified by 'secret'; grant all on *.* to app@'%';
create database d; create table d.t (id int primary key, v longtext);
insert into d.t values (1,'one'),(2,repeat('x',9000)),(3,null);
delimiter //
create procedure d.p() begin select 1; select 2, 3; end//
""")
        record_pymysql(port)
        record_mysqlclient(port, tmp)
        record_mariadb_client(port, tmp)
        record_mysqli(port)
    finally:
        server.stop()


def record_pymysql(port):
    import pymysql
    proxy = Proxy(port)
    db = pymysql.connect(host="127.0.0.1", port=proxy.port, user="app", password="secret",
                         database="d", autocommit=True,
                         client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
    with db.cursor() as c:
        for i in (1, 2, 3):
            c.execute("select * from t where id=%s", (i,))
            c.fetchall()
        c.execute("select 1; select 2; insert into t values (9,'n')")
        while c.nextset():
            pass
        c.callproc("p")
        while c.nextset():
            pass
        try:
            c.execute("select nosuch")
        except pymysql.err.OperationalError:
            pass
        c.execute("delete from t where id=9")
    db.ping()
    db.close()
    write("mysql_pymysql", "MySQL", proxy, "PyMySQL, MariaDB: EOF packets, several results, an error")


def record_mysqlclient(port, tmp):
    import MySQLdb
    proxy = Proxy(port)
    db = MySQLdb.connect(host="127.0.0.1", port=proxy.port, user="app", passwd="secret", db="d",
                         local_infile=1)
    c = db.cursor()
    for i in (1, 2, 3):
        c.execute("select * from t where id=%s", (i,))
        c.fetchall()
    with open(tmp + "/in.txt", "w") as f:
        f.write("20\ttwenty\n21\ttwentyone\n")
    c.execute("load data local infile '%s/in.txt' into table t" % tmp)
    db.commit()
    c.execute("delete from t where id >= 20")
    db.commit()
    db.ping()
    db.close()
    write("mysql_mysqlclient", "MySQL", proxy,
          "mysqlclient (Connector/C), MariaDB: no EOF packets, LOCAL INFILE")


def record_mariadb_client(port, tmp):
    for name, what, options in (
            ("mysql_compressed", "mariadb --compress", ["--compress", "--skip-ssl"]),
            ("mysql_tls", "mariadb --ssl", ["--ssl", "--skip-ssl-verify-server-cert"])):
        proxy = Proxy(port)
        subprocess.run(["mariadb", "--no-defaults", "-h127.0.0.1", "-P%d" % proxy.port, "-uapp",
                        "-psecret", "d", "-e", "select 1; select * from t; select 2"] + options,
                       check=True, stdout=subprocess.DEVNULL)
        write(name, "MySQL", proxy, what)


def record_mysqli(port):
    need("php")
    proxy = Proxy(port)
    subprocess.run(["php", "-r", """
        $db = new mysqli('127.0.0.1', 'app', 'secret', 'd', %d);
        $s = $db->prepare('select * from t where id = ?');
        for ($i = 1; $i <= 3; $i++) { $s->bind_param('i', $i); $s->execute(); $s->get_result(); }
        $s->close();
        $s = $db->prepare('select id from t where id > ?');
        $s->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
        $i = 0; $s->bind_param('i', $i); $s->execute(); $s->bind_result($v);
        while ($s->fetch()); $s->close();
        $db->prepare('insert into t values (?, ?)');
        $db->change_user('app', 'secret', 'd');
        $db->query('select 1'); $db->close();
        """ % proxy.port], check=True)
    write("mysql_mysqli", "MySQL", proxy,
          "PHP mysqli (mysqlnd), MariaDB: prepared statements, a cursor, COM_CHANGE_USER")


# --- PostgreSQL ---------------------------------------------------------------------------------

def postgresql(tmp):
    base = max((os.path.join("/usr/lib/postgresql", v, "bin") for v in
                os.listdir("/usr/lib/postgresql")), default=None)
    need(base + "/postgres")
    data, port = os.path.join(tmp, "pg"), free_port()
    os.mkdir(data)
    shutil.chown(data, "postgres", "postgres")
    os.chmod(tmp, 0o755)
    with open(os.path.join(tmp, "password"), "w") as f:
        f.write("secret\n")
    subprocess.run([base + "/initdb", "-D", data, "-A", "scram-sha-256", "-U", "app",
                    "--pwfile=" + f.name], user="postgres", group="postgres", cwd="/", check=True,
                   stdout=subprocess.DEVNULL)
    for f in ("key.pem", "cert.pem"):
        shutil.copy(os.path.join(tmp, f), data)
        shutil.chown(os.path.join(data, f), "postgres", "postgres")
        os.chmod(os.path.join(data, f), 0o600)
    server = Server(base + "/postgres", "-D", data, "-p", str(port), "-k", data, "-c", "ssl=on", "-c",
                    "ssl_cert_file=cert.pem", "-c", "ssl_key_file=key.pem", "-c", "fsync=off",
                    port=port, user="postgres", cwd="/")
    os.environ["PGPASSWORD"] = "secret"
    try:
        record_psycopg2(port)
        record_psql(port)
        record_pgbouncer(port, tmp)
    finally:
        server.stop()


def record_psycopg2(port):
    import io
    import psycopg2
    for mode in ("disable", "require"):
        proxy = Proxy(port)
        db = psycopg2.connect(host="127.0.0.1", port=proxy.port, user="app", dbname="postgres",
                              sslmode=mode)
        db.autocommit = True
        c = db.cursor()
        c.execute("create temp table t (i int, v text); listen ch")
        c.copy_from(io.StringIO("1\tone\n2\ttwo\n"), "t")
        c.execute("insert into t values (3, repeat('y', 9000)); select * from t")
        c.fetchall()
        out = io.StringIO()
        c.copy_to(out, "t")
        c.execute("notify ch, 'hello'")
        try:
            c.execute("select nosuch")
        except psycopg2.Error:
            pass
        c.execute("do $$ begin raise notice 'n'; end $$; set application_name = 'x'")
        db.close()
        write("postgresql_%s" % ("plain" if mode == "disable" else "tls"), "PostgreSQL", proxy,
              "psycopg2 (libpq), sslmode=%s: COPY both ways, NOTIFY, an error, a notice" % mode)


def record_psql(port):
    proxy = Proxy(port)
    pgbench = max(("/usr/lib/postgresql/%s/bin/pgbench" % v for v in
                   os.listdir("/usr/lib/postgresql")))
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as f:
        f.write("\\startpipeline\nselect 1;\nselect 2;\n\\endpipeline\nselect 3;\n")
        f.flush()
        subprocess.run([pgbench, "-n", "-f", f.name, "-M", "prepared", "-t", "3", "-h", "127.0.0.1",
                        "-p", str(proxy.port), "-U", "app", "postgres"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       env=dict(os.environ, PGSSLMODE="disable"))
    write("postgresql_pipeline", "PostgreSQL", proxy, "pgbench -M prepared, a pipeline")


def record_pgbouncer(port, tmp):
    need("pgbouncer")
    bouncer = free_port()
    ini = os.path.join(tmp, "pgbouncer.ini")
    with open(ini, "w") as f:
        f.write("[databases]\n* = host=127.0.0.1 port=%d\n[pgbouncer]\nlisten_addr=127.0.0.1\n"
                "listen_port=%d\nauth_type=plain\nauth_file=%s/users.txt\nunix_socket_dir=\n"
                % (port, bouncer, tmp))
    with open(os.path.join(tmp, "users.txt"), "w") as f:
        f.write('"app" "secret"\n')
    server = Server("pgbouncer", ini, port=bouncer, user="postgres", cwd="/")
    try:
        import psycopg2
        proxy = Proxy(bouncer)
        db = psycopg2.connect(host="127.0.0.1", port=proxy.port, user="app", dbname="postgres")
        c = db.cursor()
        c.execute("select 1")
        c.fetchall()
        db.commit()
        db.close()
        write("postgresql_pgbouncer", "PostgreSQL", proxy, "psycopg2 through PgBouncer")
    finally:
        server.stop()


# --- caches -------------------------------------------------------------------------------------

def redis_server(tmp):
    need("redis-server")
    port = free_port()
    server = Server("redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1",
                    port=port, cwd=tmp)
    try:
        import redis
        proxy = Proxy(port)
        r = redis.Redis(port=proxy.port, single_connection_client=True)
        r.set("k", "v")
        r.get("k"), r.get("none"), r.mget("k", "none")
        r.hset("h", mapping={"a": 1, "b": 2})
        r.hgetall("h")
        pipe = r.pipeline()
        for i in range(20):
            pipe.incr("n").set("k%d" % i, "x" * i)
        pipe.execute()
        try:
            r.lpop("k")
        except redis.ResponseError:
            pass
        r.set("big", b"\r\n+OK\r\n" * 1200)
        r.get("big")
        r.execute_command("QUIT")
        r.connection.disconnect()
        write("redis_redispy", "Redis", proxy, "redis-py, RESP2: a pipeline, an error, a large value")
        other = redis.Redis(port=port)
        proxy = Proxy(port)
        s = socket.create_connection(("127.0.0.1", proxy.port))
        for request in (b"HELLO 3\r\n", b"*2\r\n$9\r\nSUBSCRIBE\r\n$2\r\nch\r\n", b"HGETALL h\r\n"):
            s.sendall(request)
            time.sleep(0.1)
        other.publish("ch", "m1")
        time.sleep(0.1)
        s.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n5\r\n*1\r\n$4\r\nPING\r\n")
        time.sleep(0.1)
        s.sendall(b"*1\r\n$11\r\nUNSUBSCRIBE\r\n")
        time.sleep(0.1)
        s.close()
        write("redis_resp3", "Redis", proxy, "RESP3: maps, a subscription among commands")
        proxy = Proxy(port)
        p = redis.Redis(port=proxy.port).pubsub()
        p.subscribe("ch", "ch2")
        for _ in range(2):
            p.get_message(timeout=1)
        other.publish("ch", "m2")
        p.get_message(timeout=1)
        p.unsubscribe()
        for _ in range(2):
            p.get_message(timeout=1)
        p.close()
        write("redis_pubsub", "Redis", proxy, "redis-py, RESP2: subscribe, a message, unsubscribe")
    finally:
        server.stop()


def redis_inline(tmp):
    need("redis-server")
    port = free_port()
    server = Server("redis-server", "--port", str(port), "--save", "", "--bind", "127.0.0.1",
                    port=port, cwd=tmp)
    try:
        proxy = Proxy(port)
        s = socket.create_connection(("127.0.0.1", proxy.port))
        for request in (b"SET greeting hello\r\n", b"GET greeting\r\n", b"incr n\n",
                        b"LPUSH l 1 2 3\r\nLRANGE l 0 -1\r\n", b"\r\nNOSUCH\r\n", b"QUIT\r\n"):
            s.sendall(request)
            time.sleep(0.1)
        s.close()
        write("redis_inline", "Redis", proxy, "inline commands, requests by hand")
    finally:
        server.stop()


def memcached(tmp):
    need("memcached")
    port = free_port()
    server = Server("memcached", "-p", str(port), "-l", "127.0.0.1", "-u", "nobody", "-U", "0",
                    port=port)
    try:
        proxy = Proxy(port)
        s = socket.create_connection(("127.0.0.1", proxy.port))
        for request in (b"version\r\n", b"set a 0 0 5\r\nhello\r\n", b"get a b\r\n",
                        b"set c 0 0 2 noreply\r\nhi\r\nget c\r\n", b"incr a 1\r\n",
                        b"add a 0 0 1\r\nx\r\nreplace a 0 0 1\r\n7\r\nincr a 1\r\n",
                        b"gets a\r\n", b"touch a 100\r\n", b"gat 100 a\r\n", b"delete a\r\n",
                        b"stats\r\n", b"stats settings\r\n", b"flush_all\r\n", b"verbosity 1\r\n",
                        b"mn\r\n", b"ms k 3 T0\r\nabc\r\n", b"mg k v t s\r\n", b"mg none v\r\n",
                        b"mg none v q\r\nmg k v q\r\nmn\r\n", b"md k q\r\nmn\r\n", b"me none\r\n",
                        b"ma n\r\n", b"quit\r\n"):
            s.sendall(request)
            time.sleep(0.05)
        s.close()
        write("memcached_text", "memcached", proxy, "text and meta commands")
        import pylibmc
        for binary in (False, True):
            proxy = Proxy(port)
            c = pylibmc.Client(["127.0.0.1:%d" % proxy.port], binary=binary)
            c.set("a", "one")
            c.get("a"), c.get("none")
            c.set_multi({"m%d" % i: "v" * i for i in range(5)})
            c.get_multi(["m%d" % i for i in range(7)])
            c.add("a", "x"), c.replace("a", "y"), c.append("a", "z"), c.delete("a"), c.delete("a")
            c.set("n", 1)
            c.incr("n")
            c.disconnect_all()
            del c
            write("memcached_%s" % ("binary" if binary else "libmemcached"), "memcached", proxy,
                  "pylibmc (libmemcached), %s protocol" % ("binary" if binary else "text"))
    finally:
        server.stop()


# --- brokers, directories -----------------------------------------------------------------------

def rabbitmq(tmp):
    need("/usr/lib/rabbitmq/bin/rabbitmq-server")
    port = free_port()
    home = os.path.join(tmp, "rabbit")
    os.mkdir(home)
    with open(home + "/enabled_plugins", "w") as f:
        f.write("[].\n")
    env = dict(os.environ, HOME=home, RABBITMQ_BASE=home, RABBITMQ_MNESIA_BASE=home,
               RABBITMQ_LOG_BASE=home, RABBITMQ_NODENAME="forksan@localhost",
               RABBITMQ_ENABLED_PLUGINS_FILE=home + "/enabled_plugins",
               RABBITMQ_NODE_IP_ADDRESS="127.0.0.1", RABBITMQ_NODE_PORT=str(port),
               RABBITMQ_DIST_PORT=str(free_port()), RABBITMQ_CONF_ENV_FILE="/dev/null",
               ERL_EPMD_PORT=str(free_port()))
    server = Server("/usr/lib/rabbitmq/bin/rabbitmq-server", env=env, cwd=home)
    try:
        wait_for(port, server.process, 90)
        time.sleep(3)
        import pika
        proxy = Proxy(port)
        c = pika.BlockingConnection(pika.ConnectionParameters(
            "127.0.0.1", proxy.port, heartbeat=0,
            credentials=pika.PlainCredentials("guest", "guest")))
        ch = c.channel()
        ch.queue_declare("q")
        ch.basic_publish("", "q", b"body" * 100)
        time.sleep(0.3)
        ch.basic_get("q", auto_ack=True)
        ch.close()
        c.close()
        write("amqp_pika", "AMQP", proxy, "pika, RabbitMQ, AMQP 0-9-1")
    finally:
        server.stop()
        subprocess.run(["epmd", "-port", env["ERL_EPMD_PORT"], "-kill"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)


def slapd(tmp):
    need("/usr/sbin/slapd")
    port = free_port()
    home = os.path.join(tmp, "ldap")
    os.mkdir(home)
    with open(home + "/slapd.conf", "w") as f:
        f.write("include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"
                "pidfile %s/pid\ndatabase mdb\nsuffix \"dc=x\"\nrootdn \"cn=a,dc=x\"\nrootpw p\n"
                "directory %s\n" % (home, home))
    server = Server("/usr/sbin/slapd", "-f", home + "/slapd.conf", "-h",
                    "ldap://127.0.0.1:%d" % port, "-d", "0", port=port)
    try:
        import ldap
        proxy = Proxy(port)
        c = ldap.initialize("ldap://127.0.0.1:%d" % proxy.port)
        c.simple_bind_s("cn=a,dc=x", "p")
        c.add_s("dc=x", [("objectClass", [b"dcObject", b"organization"]), ("dc", [b"x"]),
                         ("o", [b"x"])])
        c.search_s("dc=x", ldap.SCOPE_SUBTREE)
        c.unbind_s()
        write("ldap_libldap", "LDAP", proxy, "python-ldap (libldap), slapd")
    finally:
        server.stop()


def mosquitto(tmp):
    need("/usr/sbin/mosquitto")
    import paho.mqtt.client as mqtt
    port = free_port()
    server = Server("/usr/sbin/mosquitto", "-p", str(port), port=port)
    try:
        for name, version in (("mqtt_311", mqtt.MQTTv311), ("mqtt_5", mqtt.MQTTv5)):
            proxy = Proxy(port)
            c = mqtt.Client(protocol=version)
            c.connect("127.0.0.1", proxy.port)
            c.loop_start()
            c.subscribe("t")
            c.publish("t", b"x" * 300, qos=1).wait_for_publish()
            c.disconnect()
            c.loop_stop()
            write(name, "MQTT", proxy, "paho-mqtt, mosquitto")
    finally:
        server.stop()


def nats(tmp):
    need("/usr/sbin/nats-server")
    port = free_port()
    server = Server("/usr/sbin/nats-server", "-a", "127.0.0.1", "-p", str(port), port=port)
    try:
        proxy = Proxy(port)
        s = socket.create_connection(("127.0.0.1", proxy.port))
        time.sleep(0.2)
        for request in (b'CONNECT {"verbose":false,"lang":"test"}\r\n', b"PING\r\n", b"SUB a 1\r\n",
                        b"PUB a 3\r\nabc\r\n"):
            s.sendall(request)
            time.sleep(0.1)
        s.close()
        write("nats", "NATS", proxy, "nats-server, requests by hand")
    finally:
        server.stop()


def beanstalkd(tmp):
    need("beanstalkd")
    port = free_port()
    server = Server("beanstalkd", "-l", "127.0.0.1", "-p", str(port), port=port)
    try:
        proxy = Proxy(port)
        s = socket.create_connection(("127.0.0.1", proxy.port))
        for request in (b"use t\r\n", b"put 0 0 60 3\r\nabc\r\n", b"watch t\r\n", b"reserve\r\n",
                        b"delete 1\r\n", b"quit\r\n"):
            s.sendall(request)
            time.sleep(0.1)
        s.close()
        write("beanstalkd", "beanstalkd", proxy, "beanstalkd, requests by hand")
    finally:
        server.stop()


def zookeeper(tmp):
    need("/usr/share/java/zookeeper.jar", "java")
    port = free_port()
    home = os.path.join(tmp, "zk")
    os.mkdir(home)
    with open(home + "/zoo.cfg", "w") as f:
        f.write("tickTime=2000\ndataDir=%s\nclientPort=%d\nclientPortAddress=127.0.0.1\n"
                "admin.enableServer=false\n" % (home, port))
    server = Server("java", "-cp", "/usr/share/java/*:/etc/zookeeper/conf",
                    "org.apache.zookeeper.server.quorum.QuorumPeerMain", home + "/zoo.cfg", port=port)
    try:
        from kazoo.client import KazooClient
        proxy = Proxy(port)
        c = KazooClient("127.0.0.1:%d" % proxy.port)
        c.start()
        c.create("/a", b"v")
        c.get("/a")
        c.stop()
        c.close()
        write("zookeeper_kazoo", "ZooKeeper", proxy, "kazoo, ZooKeeper 3.8")
    finally:
        server.stop()


def multiprocessing_manager(_tmp):
    code = """if True:
        from multiprocessing.managers import BaseManager
        class Numbers:
            def add(self, a, b): return a + b
        class Manager(BaseManager): pass
        Manager.register("numbers", Numbers)
        Manager(("127.0.0.1", %d), b"secret").get_server().serve_forever()
        """
    port = free_port()
    server = Server(sys.executable, "-c", code % port, port=port)
    try:
        from multiprocessing.managers import BaseManager
        BaseManager.register("numbers")
        proxy = Proxy(port)
        manager = BaseManager(("127.0.0.1", proxy.port), b"secret")
        manager.connect()
        numbers = manager.numbers()
        for i in range(3):
            numbers.add(i, 1)
        numbers._tls.connection.close()
        del numbers
        write("multiprocessing_manager", "multiprocessing", proxy,
              "a manager of Python %d.%d and a proxy's calls" % sys.version_info[:2])
    finally:
        server.stop()


def http(tmp):
    port = free_port()
    server = Server(sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", port=port,
                    cwd=tmp)
    try:
        proxy = Proxy(port)
        subprocess.run(["curl", "-s", "-o", "/dev/null", "http://127.0.0.1:%d/" % proxy.port],
                       check=True)
        write("http_curl", "HTTP", proxy, "curl, http.server")
    finally:
        server.stop()


def main():
    global OUT
    OUT = sys.argv[1]
    steps = (mariadb, postgresql, redis_server, redis_inline, memcached, rabbitmq, slapd, mosquitto, nats,
             beanstalkd, zookeeper, multiprocessing_manager, http)
    tmp = tempfile.mkdtemp(prefix="forksan-record.")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-keyout", tmp + "/key.pem", "-out", tmp + "/cert.pem"],
                   check=True, stderr=subprocess.DEVNULL)
    try:
        for step in steps:
            if len(sys.argv) > 2 and not any(re.match(n, step.__name__) for n in sys.argv[2:]):
                continue
            try:
                step(tmp)
            except Exception as e:  # one client's failure must not cost the others
                print("%s: left out: %s: %s" % (step.__name__, type(e).__name__, e))
    finally:
        shutil.rmtree(tmp, ignore_errors=True)


main()
