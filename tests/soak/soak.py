#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gunicorn, uWSGI and Puma on MariaDB, PostgreSQL and Redis for hours, under load, with workers that come and
go, restarts of the masters and rotations of the log: SOAK_SECONDS (7200).

Each server runs twice, clean (each worker connects) and dirty (the workers share their master's connections).
At the end: nothing found in the clean ones, all three protocols in the dirty ones; nothing lost, in every log;
descriptors (beyond one for each worker, and what gunicorn's own exec leaves open), memory and the registry of each
have not grown since the first fifth; nothing left in /dev/shm.
The last lines are a table for docs/reliability.md.
"""

import collections
import contextlib
import ctypes
import glob
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../support"))
import processes  # noqa: E402
import servers  # noqa: E402

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
SECONDS = float(os.environ.get("SOAK_SECONDS", "7200"))
APPS = os.path.join(HERE, "apps")
ROTATIONS = 3
PR_SET_CHILD_SUBREAPER = 36


def is_up(pid):
    """False in a master that restarts: it has no workers, and Ruby's own handlers would end it."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return bool(children.read())


def catches(pid, number):
    """False in a program that restarts: it has no handlers yet, and would die of the signal."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        caught = next((int(line.split()[1], 16) for line in status if line.startswith("SigCgt")), 0)
    return bool(caught >> number - 1 & 1)


class Host:
    """A server of ours; `signals` are sent to its master now and then."""

    def __init__(self, name, dirty, path, command, signals, environment, library):
        self.name = f"{name}, {'dirty' if dirty else 'clean'}"
        self.dirty = dirty
        self.path = path
        self.port = processes.free_port()
        self.pidfile = os.path.join(path, "pid")
        self.log = os.path.join(path, "findings.jsonl")
        self.signals = signals
        self.done = {}
        self.told = set()  # masters that were asked to end
        self.answers = {200: 0, 500: 0, "none": 0}
        # The directory is the account's that root's MariaDB drops to; the servers here stay root.
        self.process = subprocess.Popen(
            command(self), cwd=APPS, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT,
            stdout=open(os.path.join(path, "output"), "wb"),  # pylint: disable=consider-using-with
            env={**os.environ, **environment, "SOAK_DIRTY": "1" if dirty else "0",
                 "LD_PRELOAD": library,
                 "FORKSAN_OPTIONS": f"log_path={self.log}"})

    def master(self):
        """A new gunicorn's file has another name until the old one has gone."""
        processes.wait_for(lambda: os.path.exists(self.pidfile) or None, f"{self.name}'s pid", seconds=30)
        with open(self.pidfile, encoding="ascii") as file:
            return int(file.read())

    def ask(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
                self.answers[answer.status] += 1
        except urllib.error.HTTPError:
            self.answers[500] += 1
        except OSError:
            self.answers["none"] += 1

    def act(self):
        """One of the signals; a gunicorn that has a new master loses the old one."""
        name = random.choice(self.signals)
        with contextlib.suppress(OSError, ValueError, processes.Failed):
            old = self.master()
            if not is_up(old) or not catches(old, getattr(signal, f"SIG{name}")):
                return
            os.kill(old, getattr(signal, f"SIG{name}"))
            self.done[name] = self.done.get(name, 0) + 1
            if name == "USR2" and self.name.startswith("gunicorn"):
                processes.wait_for(lambda: os.path.exists(self.pidfile + ".2") or None, "a new master", seconds=20)
                time.sleep(1)
                os.kill(old, signal.SIGQUIT)

    def sessions(self):
        """Of every record in its logs."""
        found = set()
        for path in glob.glob(self.log + "*"):
            with open(path, encoding="utf-8") as log:
                found.update(json.loads(line)["session"] for line in log if line.strip())
        return found

    def registries(self):
        """The files of its sessions."""
        return [path for session in self.sessions() for path in glob.glob(f"/dev/shm/forksan-*/{session}")]

    def figures(self):
        """Descriptors, workers and memory of the master, and what the registry takes.  None: it has ended, or restarts."""
        with contextlib.suppress(OSError, ValueError, processes.Failed):
            return self.figures_of(self.master())
        return None

    def figures_of(self, pid):
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            rss = next((int(line.split()[1]) for line in status if line.startswith("VmRSS")), 0)
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
            workers = len(children.read().split())
        if rss == 0 or workers == 0:
            return None  # it has ended, or restarts and has few descriptors
        kinds = collections.Counter()
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                name = os.readlink(f"/proc/{pid}/fd/{descriptor}")
                kinds[os.path.dirname(name) or name.split(":")[0]] += 1
        return {"descriptors": sum(kinds.values()), "workers": workers, "rss_kb": rss, "kinds": kinds,
                "restarts": self.done.get("USR2", 0),
                "registry_kb": sum(os.stat(path).st_blocks // 2 for path in self.registries())}

    def stop(self):
        """Asks each master once: a second SIGTERM would kill a Puma that ends, which then can say nothing more.
        Called until all have ended: a gunicorn's new master may be there beside the old one."""
        for path in (self.pidfile, self.pidfile + ".2"):
            with contextlib.suppress(OSError, ValueError):
                with open(path, encoding="ascii") as file:
                    self.stop_master(int(file.read()))
        if self.process.poll() is None:
            with contextlib.suppress(OSError):
                self.stop_master(self.process.pid)

    def stop_master(self, pid):
        if pid not in self.told and catches(pid, signal.SIGTERM):
            self.told.add(pid)
            os.kill(pid, signal.SIGTERM)


def gunicorn(host):
    return ["gunicorn", "--bind", f"127.0.0.1:{host.port}", "-w", "2", "--preload", "--max-requests", "40",
            "--timeout", "20", "--pid", host.pidfile, "shop:app"]


def uwsgi(host):
    return ["uwsgi", "--plugin", "python3", "--http-socket", f"127.0.0.1:{host.port}", "--master", "--processes", "2",
            "--need-app", "--die-on-term", "--disable-logging", "--max-requests", "40", "--harakiri", "20",
            "--pidfile", host.pidfile, "--pythonpath", APPS, "--module", "shop:app"]


def puma(host):
    config = os.path.join(host.path, "puma.rb")
    with open(config, "w", encoding="ascii") as out:
        out.write(f'bind "tcp://127.0.0.1:{host.port}"\nworkers 2\nthreads 1, 1\npreload_app!\n'
                  f'pidfile "{host.pidfile}"\nworker_timeout 20\n')
    return ["puma", "-C", config, os.path.join(APPS, "shop.ru")]


SERVERS = (
    ("gunicorn", gunicorn, ("HUP", "TTIN", "TTOU", "USR2")),
    ("uWSGI", uwsgi, ("HUP",)),
    ("Puma", puma, ("TTIN", "TTOU", "USR2")),
)


def report(host):
    logs = sorted(glob.glob(host.log + "*"))
    result = subprocess.run([os.path.join(BUILD, "forksan"), "report", "--json", *logs], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, check=False)
    return json.loads(result.stdout)


def judge(host, early, late):
    """What is wrong with it, and its row."""
    wrong = []
    told = report(host)
    if not early or not late:
        with open(os.path.join(host.path, "output"), encoding="utf-8", errors="replace") as output:
            print(f"--- {host.name}\n{output.read()[-3000:]}")
        return ["the master has ended"], f"| {host.name} | | | | | | | | the master has ended |"
    protocols = {bug["protocol"] for bug in told["bugs"]}
    if host.dirty and not {"MySQL", "PostgreSQL", "Redis"} <= protocols:
        wrong.append(f"found {sorted(protocols)} only")
    if not host.dirty and protocols:
        wrong.append(f"found {sorted(protocols)}")
    if told["incomplete"]:
        wrong.append("incomplete: " + ", ".join(f"{why['reason']} {why['count']}" for why in told["incomplete"]))
    grown = {key: late[key] - early[key] for key in ("descriptors", "workers", "restarts", "registry_kb")}
    # libmariadb's socket has no FD_CLOEXEC: each new gunicorn keeps that of its predecessor, also without forksan.
    if grown["descriptors"] > 4 + grown["workers"] + (grown["restarts"] if host.dirty else 0):
        wrong.append("descriptors leak: " + ", ".join(f"{count} {kind}" for kind, count in
                                                      (late["kinds"] - early["kinds"]).items()))
    if late["rss_kb"] > early["rss_kb"] * 1.3 + 20000:
        wrong.append("memory grows")
    if grown["registry_kb"] > 4096:
        wrong.append("the registry grows")
    acts = " ".join(f"{name}:{count}" for name, count in sorted(host.done.items()))
    counts = "/".join(str(host.answers[key]) for key in (200, 500, "none"))
    figures = " | ".join(f"{early[key]} to {late[key]}" for key in ("descriptors", "workers", "rss_kb", "registry_kb"))
    return wrong, f"| {host.name} | {counts} | {acts} | {figures} | {' '.join(sorted(protocols)) or 'nothing'} |" \
                  f" {'; '.join(wrong) or 'ok'} |"


def soak(hosts):
    began = time.monotonic()
    over = threading.Event()

    def load(host):
        while not over.is_set():
            host.ask()
            over.wait(0.02)

    threads = [threading.Thread(target=load, args=(host,)) for host in hosts for _ in range(2)]
    for thread in threads:
        thread.start()
    early, rotated = {}, 0
    try:
        while (elapsed := time.monotonic() - began) < SECONDS:
            over.wait(min(10, SECONDS / 20))
            for host in hosts:
                host.act()
                if elapsed > SECONDS / 5 and not early.get(host):
                    early[host] = host.figures()
            if elapsed > SECONDS * (rotated + 1) / (ROTATIONS + 1) and rotated < ROTATIONS:
                rotated += 1
                for host in hosts:
                    if os.path.exists(host.log):  # a clean one has nothing to say for long
                        os.rename(host.log, f"{host.log}.{rotated}")
        late = {}
        for host in hosts:
            with contextlib.suppress(processes.Failed):
                late[host] = processes.wait_for(host.figures, f"{host.name} to be there", seconds=60)
        return early, late
    finally:
        over.set()
        for thread in threads:
            thread.join()


def main():
    missing = [name for name in ("gunicorn", "uwsgi", "puma") if not shutil.which(name)]
    if missing:
        print(f"needs {' '.join(missing)}")
        return 77
    # Masters that a restart has made are nobody's children otherwise.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    with contextlib.ExitStack() as stack:
        places = {"MYSQL_PORT": stack.enter_context(servers.mariadb()),
                  "PG_PORT": stack.enter_context(servers.postgresql()),
                  "REDIS_PORT": stack.enter_context(servers.redis())}
        environment = {name: str(server.port) for name, server in places.items()}
        # A copy: a build beside must not change what a restarted master loads.
        library = shutil.copy(os.path.join(BUILD, "libforksan.so"),
                              stack.enter_context(processes.directory("forksan-soak-")))
        hosts = [Host(name, dirty, stack.enter_context(processes.directory("forksan-soak-")), command, signals,
                      environment, library)
                 for name, command, signals in SERVERS for dirty in (False, True)]
        try:
            for host in hosts:
                processes.wait_for(lambda host=host: os.path.exists(host.pidfile) or None, f"{host.name} to start",
                                   seconds=60)
            early, late = soak(hosts)
        finally:
            deadline = time.monotonic() + 60
            with contextlib.suppress(ChildProcessError):
                while time.monotonic() < deadline:
                    for host in hosts:
                        host.stop()
                    if os.waitpid(-1, os.WNOHANG)[0] == 0:
                        if not any(host.registries() or host.process.poll() is None for host in hosts):
                            break
                        time.sleep(0.1)
        failed = False
        print(f"\n{SECONDS:.0f} s; figures are those of the master after a fifth of the time and at the end\n")
        print("| server | answers 200/500/none | signals | descriptors | workers | resident kB | registry kB | found |"
              " verdict |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for host in hosts:
            wrong, row = judge(host, early.get(host), late.get(host))
            failed = failed or bool(wrong)
            print(row)
        left = [path for host in hosts for path in host.registries()]
        print(f"\nleft in /dev/shm: {len(left)}")
    return 1 if failed or left else 0


sys.exit(main())
