# SPDX-License-Identifier: MIT
"""Prefork web servers for tests, gunicorn and uWSGI, and a client that counts wrong answers.

    with web.gunicorn("pool", workers=2, preload=True, env=environment) as site:
        answers = web.load(site)

An app answers `GET /id/<n>` with the n that it read back from its database, and says in X-Pid who
it is.  A site is ready when
all its workers have been forked; nothing is requested to find that out, so a test sees what
happens before the first request.  Standard library only.
"""

import collections
import contextlib
import http.client
import os
import random
import re
import threading
import time

import processes
import servers

GUNICORN = "/usr/bin/gunicorn"
UWSGI = "/usr/bin/uwsgi"
HERE = os.path.dirname(os.path.abspath(__file__))
APPS = os.path.join(os.path.dirname(HERE), "scenario", "apps")

CONCURRENT = 50
REQUESTS = 300
TIMEOUT_S = 5  # one request: a worker that lost its reply never answers
# One request to a server that loses no reply: as long as a machine may take on which much else runs.
PATIENT_S = 120


class Site:
    """A running web server; `master` and `workers` are pids, as it logged them."""

    def __init__(self, process, port, master, workers):
        self.process = process
        self.port = port
        self.master = master
        self.workers = workers
        self.last_output = None

    def output(self):
        """What it logged; to be read after its end, too."""
        return self.process.output() if self.last_output is None else self.last_output


@contextlib.contextmanager
def running(command, workers, master_line, worker_line, env, prefix, group=False):
    """Patterns of the lines that a server logs for its master and each worker; group 1 is the pid.
    `prefix` is a command that runs the server, such as ["forksan", "run", "--"].  `group`: see
    processes.Process."""
    with processes.directory("forksan-web-") as path:
        port = processes.free_port()
        process = processes.Process([*prefix, *command(port)], os.path.join(path, "server.log"),
                                    env=env, cwd=APPS, group=group)
        with process:
            def forked():
                output = process.output()
                master = re.findall(master_line, output)
                pids = re.findall(worker_line, output)
                if not master or len(pids) < workers:
                    return None
                return Site(process, port, int(master[0]), [int(pid) for pid in pids])

            site = processes.wait_for(forked, f"{workers} workers", process=process,
                                      directories=[path])
            try:
                yield site
            finally:
                process.stop()
                site.last_output = process.output()


def gunicorn(app, *, workers=2, preload=False, env=None, config=None, arguments=(), prefix=()):
    """Serves APPS/<app>.py.  `config` is a gunicorn configuration file in APPS."""
    def command(port):
        return [GUNICORN, "--bind", f"127.0.0.1:{port}", "--workers", str(workers),
                *(["--preload"] if preload else []),
                *(["--config", os.path.join(APPS, config)] if config else []),
                *arguments, f"{app}:app"]

    return running(command, workers, r"Listening at: \S+ \((\d+)\)",
                   r"Booting worker with pid: (\d+)", env, prefix)


def uwsgi(app, *, workers=2, lazy=False, env=None, arguments=(), prefix=()):
    """Serves APPS/<app>.py; uWSGI loads it in the master unless `lazy`."""
    def command(port):
        return [UWSGI, "--plugin", "python3", "--http-socket", f"127.0.0.1:{port}", "--master",
                "--processes", str(workers), "--need-app", "--no-orphans", "--die-on-term",
                "--disable-logging", "--pythonpath", APPS, "--module", f"{app}:app",
                *(["--lazy-apps"] if lazy else []), *arguments]

    return running(command, workers, r"spawned uWSGI master process \(pid: (\d+)\)",
                   r"spawned uWSGI worker \d+ \(pid: (\d+),", env, prefix)


class Answers:
    """What clients got: right, wrong (HTTP 200 with another row), empty (HTTP 200 without one),
    error (another status), late (no answer in time), broken (the connection ended without one)."""

    KINDS = ("right", "wrong", "empty", "error", "late", "broken")

    def __init__(self):
        self.count = collections.Counter()
        self.workers = set()  # pids of those that answered
        # (pid of the worker, time at which it had come) of each wrong or empty answer
        self.told_lies = []

    def __getattr__(self, name):
        if name in self.KINDS:
            return self.count[name]
        raise AttributeError(name)

    @property
    def total(self):
        return sum(self.count.values())

    @property
    def bad(self):
        return self.total - self.right

    @property
    def silence(self):
        return self.late + self.broken

    @property
    def lies(self):
        """Answers that look good, HTTP 200, and are not."""
        return self.wrong + self.empty

    def __str__(self):
        shown = ", ".join(f"{self.count[kind]} {kind}" for kind in self.KINDS if self.count[kind])
        return f"{self.total} requests: {shown or 'none'}"


def ask(port, number, timeout_s):
    """Returns one of Answers.KINDS and the pid of the worker that answered, as it says (X-Pid)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request("GET", f"/id/{number}")
        response = connection.getresponse()
        body = response.read().decode(errors="replace").strip()
    except TimeoutError:
        return "late", None
    except (OSError, http.client.HTTPException):
        return "broken", None
    finally:
        connection.close()
    worker = int(response.headers.get("X-Pid", 0)) or None
    if response.status != 200:
        return "error", worker
    if body == "":
        return "empty", worker
    return "right" if body == str(number) else "wrong", worker


def load(site, requests=REQUESTS, concurrent=CONCURRENT, seconds=60, timeout_s=TIMEOUT_S, workers=None):
    """Sends `requests` requests, `concurrent` at a time, and more until as many as `workers` (None: as
    the site has) have answered one: a fast worker may be done before another has begun.  Begins none after `seconds`.
    A request has `timeout_s`: PATIENT_S where a late answer would be a fault of the machine
    alone."""
    answers = Answers()
    if workers is None:
        workers = len(site.workers)
    lock = threading.Lock()
    numbers = [random.randrange(1, servers.ROWS + 1) for _ in range(requests)]
    deadline = time.monotonic() + seconds

    def client():
        while True:
            with lock:
                if time.monotonic() > deadline or \
                        (not numbers and len(answers.workers) >= workers):
                    return
                number = numbers.pop() if numbers else random.randrange(1, servers.ROWS + 1)
            kind, worker = ask(site.port, number, timeout_s)
            came = time.time()
            with lock:
                answers.count[kind] += 1
                if worker:
                    answers.workers.add(worker)
                if kind in ("wrong", "empty"):
                    answers.told_lies.append((worker, came))

    clients = [threading.Thread(target=client) for _ in range(concurrent)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    return answers
