# SPDX-License-Identifier: MIT
"""A fleet on this machine for tests: real rsyslogd at both ends with the project's configurations
(contrib/fleet), a real PostgreSQL with its schema.

    with fleet.Fleet(["web-1", "web-2"]) as site:
        site.start()
        site.agents["web-1"].write(fleet.records("web-1", session, 100))
        site.wait_for_records(100)

Store, centre and agents can be killed and started again.  Everything is private and goes at the end.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess

import processes
import servers

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONTRIB = os.path.join(ROOT, "contrib", "fleet")
RSYSLOGD = "/usr/sbin/rsyslogd"
MODULES = "/usr/lib/*/rsyslog"
GOLDEN = os.path.join(ROOT, "tests", "golden", "gunicorn-mysqlclient.jsonl")


def lacking():
    """Why this machine cannot have a fleet; empty: it can."""
    import glob

    for module in ("imfile", "imrelp", "omrelp", "ompgsql"):
        if not glob.glob(f"{MODULES}/{module}.so"):
            return f"rsyslog's module {module} is not installed"
    return ""


# --- records ---------------------------------------------------------------------------------

def golden():
    with open(GOLDEN, encoding="utf-8") as log:
        return [json.loads(line) for line in log]


def records(host, session, count, *, first=1, service="shop", version="1", finding_every=10,
            final=False, fingerprint=None):
    """`count` records of one session from seq `first` on: real findings of a real run, in their
    order with their stacks, between records of the kind `process`; a summary last if `final`."""
    import datetime

    source = golden()
    stacks = [record for record in source if record["record"] == "stack"]
    findings = [record for record in source if record["record"] == "finding"]
    began = source[0]
    now = datetime.datetime.now(datetime.timezone.utc)
    made = []
    for seq in range(first, first + count):
        if seq == 1:
            record = dict(began)
        elif seq - 2 < len(stacks):
            record = dict(stacks[seq - 2])
        elif final and seq == first + count - 1:
            record = dict(source[-1])
        elif seq % finding_every == 0:
            record = dict(findings[seq // finding_every % len(findings)])
            record["id"] = f"{seq:016x}"
            if fingerprint is not None:
                record["fingerprint"] = fingerprint
        else:
            record = {"record": "process", "version": 2, "pid": 7, "ppid": 1, "comm": "x",
                      "event": "blind", "counter": "io_uring", "times": 1, "text": "x" * 200}
        at = now + datetime.timedelta(microseconds=seq)
        record.update(session=session, seq=seq, host=host,
                      time=at.strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
                      labels={"service.name": service, "service.version": version})
        made.append(record)
    return made


# --- the parts -------------------------------------------------------------------------------

class Part:
    """A daemon that can be started, stopped and killed any number of times."""

    def __init__(self, argv, log, *, prefix=(), **options):
        self.argv = [*prefix, *argv]
        self.log = log
        self.options = options
        self.process = None

    def start(self):
        self.process = processes.Process(self.argv, self.log, **self.options)
        return self

    def end(self, number):
        """Sends a signal and waits for the end."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.popen.send_signal(number)
            self.process.stop()
            self.process = None

    def stop(self):
        self.end(signal.SIGTERM)

    def kill(self):
        self.end(signal.SIGKILL)

    def signal(self, number):
        self.process.popen.send_signal(number)

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()


class Rsyslog(Part):
    """rsyslogd as its unit starts it: with a working directory that goes when it ends."""

    def __init__(self, conf, run, prefix=()):
        self.run = run
        super().__init__([RSYSLOGD, "-n", "-f", conf, "-i", os.path.join(run, "pid")],
                         run + ".log", prefix=prefix)

    def start(self):
        shutil.rmtree(self.run, ignore_errors=True)
        os.makedirs(self.run)
        return super().start()


class Agent(Rsyslog):
    def __init__(self, name, etc, run, logs, prefix=()):
        super().__init__(os.path.join(etc, "agent.conf"), run, prefix)
        self.name = name
        self.logs = logs
        os.makedirs(logs, exist_ok=True)

    def write(self, lines, name="shop.jsonl"):
        """Appends records (or bytes, as they are) as the library does: one write() for each."""
        out = os.open(os.path.join(self.logs, name), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        for line in lines:
            if not isinstance(line, bytes):
                line = json.dumps(line, separators=(",", ":")).encode() + b"\n"
            os.write(out, line)
        os.close(out)


class Store(Part):
    """PostgreSQL with the schema.  `path` is its directory, `data` may lie elsewhere."""

    def __init__(self, path, data=None, settings=(), prefix=()):
        self.path = path
        self.data = data or os.path.join(path, "data")
        servers.run_dropped([servers.postgresql_tool("initdb"), "-D", self.data, "-U", "postgres",
                             "-A", "trust", "--no-sync", "--no-locale", "-E", "UTF8",
                             "--no-instructions"], path)
        super().__init__([servers.postgresql_tool("postgres"), "-D", self.data, "-k", path,
                          "-c", "listen_addresses=", "-c", "fsync=off", "-c", "autovacuum=on",
                          *(word for setting in settings for word in ("-c", setting))],
                         os.path.join(path, "postgresql.log"), prefix=prefix, dropped=True,
                         cwd=path, env=servers.server_env(path), stop_signal=signal.SIGINT,
                         death_signal=signal.SIGQUIT)

    @property
    def url(self):
        return f"postgresql://postgres@/forksan?host={self.path}"

    def start(self):
        super().start()
        processes.wait_for(lambda: self.ask("select 1", database="postgres", check=False) == "1",
                           "PostgreSQL", process=self.process)
        return self

    def crash(self):
        """The postmaster ends without a shutdown checkpoint, and its backends at once."""
        self.end(signal.SIGQUIT)

    def create(self):
        self.ask("create database forksan template template0 encoding 'UTF8'", database="postgres")
        self.load()

    def load(self):
        subprocess.run(["psql", "-Xqt", "-h", self.path, "-U", "postgres", "-d", "forksan", "-f",
                        os.path.join(CONTRIB, "postgresql.sql")], check=True,
                       stdout=subprocess.DEVNULL)

    def ask(self, query, *, user="postgres", database="forksan", check=True, **variables):
        """The answer as psql prints it, unaligned."""
        result = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.path, "-U",
                                 user, "-d", database], check=False, input=query, text=True,
                                capture_output=True, env={**os.environ, **variables})
        if check and result.returncode != 0:
            raise processes.Failed(f"{query[:200]}: {result.stderr}")
        return result.stdout.rstrip("\n") if result.returncode == 0 else None

    def number(self, query):
        return int(self.ask(query) or 0)


class Fleet:
    """A store, a centre and agents by name.  `prefixes`: of each agent's command, such as `ip netns
    exec`; "" is the centre's.  `address`: of the centre."""

    def __init__(self, names, *, address="127.0.0.1", prefixes=None, data=None, settings=(),
                 agent_run=None):
        self.names = names
        self.agent_run = agent_run
        self.address = address
        self.prefixes = prefixes or {}
        self.data = data
        self.settings = settings

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.path = self.stack.enter_context(processes.directory("forksan-fleet-"))
        try:
            return self.set_up()
        except BaseException:
            self.stack.close()
            raise

    def enrol(self, names, **environment):
        subprocess.run([os.path.join(CONTRIB, "enrol"), f"{self.path}/keys", self.address, *names],
                       check=True, env={
                           **os.environ, "ETC": f"{self.path}/keys/centre", "DAYS": "30",
                           "RUN": f"{self.path}/centre.run", "ADDRESS": self.address,
                           "AGENT_ETC": f"{self.path}/keys/agents/@HOST@",
                           "AGENT_RUN": self.agent_run or f"{self.path}/@HOST@.run", "LOGS": f"{self.path}/@HOST@.log",
                           "FIRST_PORT": str(self.first_port),
                           "STORE": f"postgresql://forksan_centre@/forksan?host={self.store.path}",
                           **environment})
        for name in names:
            self.agents[name] = Agent(name, f"{self.path}/keys/agents/{name}",
                                      (self.agent_run or f"{self.path}/@HOST@.run").replace(
                                          "@HOST@", name), f"{self.path}/{name}.log",
                                      self.prefixes.get(name, ()))

    def set_up(self):
        store_path = self.stack.enter_context(processes.directory("forksan-store-"))
        self.store = Store(store_path, self.data, self.settings)
        self.stack.callback(self.store.stop)
        self.agents = {}
        self.first_port = processes.free_port()
        self.enrol(self.names)
        self.centre = Rsyslog(f"{self.path}/keys/centre/centre.conf", f"{self.path}/centre.run",
                              self.prefixes.get("", ()))
        self.stack.callback(self.centre.kill)
        self.stack.callback(self.stop_agents)
        return self

    def __exit__(self, *_):
        self.stack.close()

    def stop_agents(self):
        for agent in self.agents.values():
            agent.kill()

    def start(self):
        self.store.start()
        self.store.create()
        self.centre.start()
        for agent in self.agents.values():
            agent.start()

    def records(self):
        """Different records in the store; None while it is away."""
        answer = self.store.ask("select count(*) from fleet.records", check=False)
        return None if answer is None else int(answer)

    def counts(self):
        return self.store.ask("select name, stored, duplicates, broken, forged, refused from fleet.agents "
                              "where broken + forged + refused > 0 or stored = 0; "
                              "select why, count(*) from fleet.broken group by 1", check=False)

    def wait_for_records(self, count, seconds=60):
        try:
            return processes.wait_for(lambda: self.records() == count, f"{count} records",
                                      seconds=seconds)
        except processes.Failed as failure:
            raise processes.Failed(f"{failure}: {self.records()} in the store\n"
                                   f"{self.counts()}\n{self.centre.output()[-2000:]}") from None
