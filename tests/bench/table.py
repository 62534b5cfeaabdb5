#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a program costs under forksan, and under other tools, over what it costs without: one table, and
the same as JSON.

    tests/bench/table.py [-o FILE.json] [-r ROUNDS] [-s SECONDS] [ROW...]      no ROW: all

A round runs each tool once, right after the same without it; a figure is the median of the rounds' ratios, with
half the distance of their quartiles behind it.  `time` is wall time (for servers: per request), `cpu` the
processor time of the program and of the tool.  A row ends after ROUNDS (7) rounds, or after SECONDS (40), but not before
3.  Tools that follow by ptrace or that emulate do a tenth of the work, in 3 rounds.  A tool that Debian does not
have here, or that cannot run the row, leaves its place empty.  Run it on a machine that does nothing else: the
load at begin and end stands in the JSON.

Instructions for each call are counted by tests/bench/instructions.sh, which stands before this table in
`make bench`: they depend on no load.
"""

import argparse
import contextlib
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../support"))
sys.path.insert(0, os.path.join(HERE, "../transparency"))
import processes  # noqa: E402
import servers  # noqa: E402
import web  # noqa: E402
from test_servers import nginx  # noqa: E402

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
CALLS = os.path.join(BUILD, "tests/bench/calls")
FORKS = os.path.join(HERE, "forks.py")
SHIM = os.path.join(BUILD, "libforksan.so")
LIBRARIES = "/usr/lib/x86_64-linux-gnu"


class Tool:
    """A way to run a program: a command in front of it, or libraries in LD_PRELOAD."""

    def __init__(self, name, prefix=(), preload=(), env=None, server_prefix=None, rows=""):
        self.name = name
        self.rows = rows  # how the names of the rows begin that the tool is made for
        self.prefix = list(prefix)
        # In front of a server, which is stopped by its pid; None: the tool cannot become the program.
        self.server_prefix = list(prefix) if server_prefix is None and not prefix else server_prefix
        self.preload = list(preload)
        self.env = env or {}
        self.slow = bool(prefix)

    def is_here(self):
        return ((not self.prefix or shutil.which(self.prefix[0]) is not None)
                and all(os.path.exists(path) for path in self.preload))

    def environment(self):
        preload = {"LD_PRELOAD": ":".join(self.preload)} if self.preload else {}
        return {**os.environ, **self.env, **preload}


def tools(directory):
    """All of them; bare is the first."""
    empty = os.path.join(directory, "empty.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", empty, "-x", "c", "-"], input=b"int nothing;", check=True)
    least = os.path.join(directory, "least.so")
    subprocess.run(["cc", "-D_GNU_SOURCE", "-O2", "-shared", "-fPIC", "-Wl,-z,now", "-Wl,-z,noseparate-code", "-o", least,
                    os.path.join(HERE, "least_fork.c"), "-ldl"], check=True)
    conf = os.path.join(directory, "torsocks.conf")
    with open(conf, "w", encoding="ascii") as out:
        out.write("AllowOutboundLocalhost 1\nAllowInbound 1\n")
    strace = ["strace", "-f", "-q", "-o", "/dev/null", "--trace=network,read,write,readv,writev,close"]
    ltrace = ["ltrace", "-f", "-o", "/dev/null", "-e", "read+write+send+recv+sendto+recvfrom+connect+close+fork"]
    valgrind = ["valgrind", "-q", "--tool=none", "--trace-children=yes", "--log-file=/dev/null"]
    return [
        Tool("bare"),
        Tool("empty preload", preload=[empty]),
        Tool("least", preload=[least], rows="fork"),
        Tool("forksan", preload=[SHIM], env={"FORKSAN_OPTIONS": "log_path=" + os.path.join(directory, "log")}),
        # Without a directory it passes everything on, as we do.
        Tool("libsocket_wrapper", preload=[f"{LIBRARIES}/libsocket_wrapper.so"]),
        Tool("torsocks", preload=[f"{LIBRARIES}/torsocks/libtorsocks.so"], env={"TORSOCKS_CONF_FILE": conf}),
        Tool("lttng-ust", preload=[f"{LIBRARIES}/liblttng-ust-fd.so.1", f"{LIBRARIES}/liblttng-ust-fork.so.1"]),
        # With -D the tracer is the grandchild.
        Tool("strace --seccomp-bpf", prefix=[*strace, "--seccomp-bpf"],
             server_prefix=[*strace, "-D", "--seccomp-bpf"]),
        Tool("strace", prefix=strace, server_prefix=[*strace, "-D"]),
        Tool("ltrace", prefix=ltrace),
        Tool("valgrind", prefix=valgrind, server_prefix=valgrind),
    ]


class Failed(Exception):
    """The tool could not run the program."""


def timed(command, tool, seconds):
    """Runs it to its end: (wall seconds, processor seconds, output)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    process = subprocess.Popen([*tool.prefix, *command], env=tool.environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise Failed(f"more than {seconds} s") from None
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        raise Failed(output[-300:])
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, output


# --- rows: each yields measure(tool, share) -> {"time": seconds, "cpu": seconds} --------------------------
# `share` of the work is done: 1, or less for a slow tool.

def repeated(command, times):
    """A program's start and end, many times."""
    def measure(tool, share):
        wall = cpu = 0.0
        count = max(3, int(times * share))
        for _ in range(count):
            took = timed(command, tool, 40)
            wall += took[0]
            cpu += took[1]
        return {"time": wall / count, "cpu": cpu / count}

    return contextlib.nullcontext(measure)


def forks(connections, *command):
    """fork, exit and wait with connections open; the program prints microseconds of one, by the clock and on a
    processor."""
    def measure(tool, share):
        count = max(10, int((300 if connections < 1000 else 60 if connections < 10000 else 20) * share))
        _, _, output = timed([*(command or (CALLS, "fork")), str(connections), str(count)], tool, 40)
        wall, cpu = output.split()[:2]
        return {"time": float(wall) / 1e6, "cpu": float(cpu) / 1e6}

    return contextlib.nullcontext(measure)


def storm():
    """Two processes in turn on one connection: every use breaks the rule, the first is reported."""
    def measure(tool, share):
        _, _, output = timed([CALLS, "storm", "0", str(int(10000 * share))], tool, 40)
        return {"time": float(output.split()[0]) / 1e6}

    return contextlib.nullcontext(measure)


@contextlib.contextmanager
def redis():
    with servers.redis() as server:
        def measure(tool, share):
            wall, cpu, _ = timed(["redis-benchmark", "-p", str(server.port), "-q", "-t", "ping_mbulk,set,get,lpush",
                                  "-c", "10", "-n", str(int(10000 * share))], tool, 40)
            return {"time": wall, "cpu": cpu}

        yield measure


@contextlib.contextmanager
def pgbench():
    tool_path = servers.postgresql_tool("pgbench")
    with servers.postgresql() as server:
        at = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres"]
        subprocess.run([tool_path, "-i", "-q", *at, "postgres"], check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def measure(tool, share):
            wall, cpu, _ = timed([tool_path, "-n", "-S", "-c", "4", "-t", str(int(1000 * share)), *at, "postgres"],
                                 tool, 40)
            return {"time": wall, "cpu": cpu}

        yield measure


@contextlib.contextmanager
def mysqlslap():
    with servers.mariadb() as server:
        def measure(tool, share):
            wall, cpu, _ = timed(["mysqlslap", "--no-defaults", "-h", "127.0.0.1", "-P", str(server.port),
                                  "-u", server.user, f"-p{server.password}", "--concurrency=4",
                                  f"--number-of-queries={int(4000 * share)}", "--create-schema=app",
                                  "--query=select name from t where id = 7"], tool, 40)
            return {"time": wall, "cpu": cpu}

        yield measure


def requests_per_second(url, seconds):
    result = subprocess.run(["wrk", "-t1", "-c4", f"-d{seconds}s", url], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, text=True, check=True)
    line = next(line for line in result.stdout.splitlines() if line.startswith("Requests/sec"))
    rate = float(line.split()[1])
    if rate == 0 or "Non-2xx" in result.stdout:
        raise Failed(result.stdout)
    return rate


@contextlib.contextmanager
def environment_of(tool):
    """Server helpers take the environment of this process."""
    kept = dict(os.environ)
    os.environ.update(tool.environment())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def needs_server_prefix(tool):
    if tool.server_prefix is None:
        raise Failed("the server would not be its process")
    return tool.server_prefix


@contextlib.contextmanager
def wrk_nginx():
    def measure(tool, share):
        del share
        with environment_of(tool), nginx(needs_server_prefix(tool)) as server:
            os.environ.pop("LD_PRELOAD", None)
            return {"time": 1 / requests_per_second(f"http://127.0.0.1:{server.port}/page", 1)}

    yield measure


@contextlib.contextmanager
def gunicorn():
    """A connection in each worker: nothing is found, everything is watched."""
    with servers.mariadb() as database:
        def measure(tool, share):
            del share
            environment = {**tool.environment(), "APP_PORT": str(database.port)}
            with web.gunicorn("bare", env=environment, prefix=needs_server_prefix(tool)) as site:
                return {"time": 1 / requests_per_second(f"http://127.0.0.1:{site.port}/id/7", 2)}

        yield measure


ROWS = {
    "start of true": lambda: repeated(["/bin/true"], 150),
    "start of Python": lambda: repeated([sys.executable, "-I", "-S", "-c", "pass"], 30),
    "start of sh -c, 10 programs": lambda: repeated(["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 0; do /bin/true; done"],
                                                    20),
    "fork, no connection": lambda: forks(0),
    "fork, 10 connections": lambda: forks(10),
    "fork, 1 000 connections": lambda: forks(1000),
    "fork, 10 000 connections": lambda: forks(10000),
    "fork of Python, no connection": lambda: forks(0, sys.executable, "-I", "-S", FORKS),
    "fork of Python, 10 connections": lambda: forks(10, sys.executable, "-I", "-S", FORKS),
    "a use in a storm of violations": storm,
    "redis-benchmark": redis,
    "pgbench -S": pgbench,
    "mysqlslap": mysqlslap,
    "nginx, wrk": wrk_nginx,
    "gunicorn and MariaDB, wrk": gunicorn,
}


def figure(ratios):
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return {"ratio": median, "spread": (high - low) / 2, "of": len(ratios)}


def run_pair(measure, bare, tool, share):
    """What both measured; after two failures, why."""
    for _ in range(2):
        try:
            return measure(bare, share), measure(tool, share)
        except (Failed, processes.Failed, subprocess.CalledProcessError, StopIteration, ValueError) as error:
            why = str(error)[-200:]
    return why


def fill_row(name, choice, rounds, seconds):
    """{tool: {"time": figure, "cpu": figure}}; "bare" has the seconds themselves."""
    bare, absolute = choice[0], []
    ratios = {tool: {"time": [], "cpu": []} for tool in choice[1:] if name.startswith(tool.rows)}
    with ROWS[name]() as measure:
        run_pair(measure, bare, bare, 0.1)  # warm
        end = time.monotonic() + seconds
        for number in range(rounds):
            if number >= 3 and time.monotonic() > end:
                break
            for tool in list(ratios) if number < 3 else [tool for tool in ratios if not tool.slow]:
                share = 0.1 if tool.slow else 1
                pair = run_pair(measure, bare, tool, share)
                if isinstance(pair, str):
                    print(f"{name}, {tool.name}: {pair}", file=sys.stderr)
                    del ratios[tool]
                    continue
                absolute.append(pair[0]["time"])
                for key, values in ratios[tool].items():
                    if pair[0].get(key, 0) > 0:
                        values.append(pair[1][key] / pair[0][key])
    row = {"bare": {"seconds": statistics.median(absolute) if absolute else 0}}
    for tool, both in ratios.items():
        row[tool.name] = {key: figure(values) for key, values in both.items() if len(values) > 1}
    return row


def text_of(cell):
    """The ratio of the time and of processor time, each with its spread."""
    words = []
    for value in (cell or {}).values():
        digits = 2 if value["ratio"] < 10 else 0
        words.append(f"{value['ratio']:.{digits}f}" + (f"±{value['spread']:.2f}" if digits else ""))
    return " ".join(words)


def line_of(name, row, choice):
    seconds = row["bare"]["seconds"]
    bare = f"{seconds * 1e6:.0f} us" if seconds < 0.01 else f"{seconds:.2f} s"
    return f"| {name} | {bare} | " + " | ".join(text_of(row.get(tool.name)) for tool in choice[1:]) + " |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", dest="output", default=os.path.join(BUILD, "bench.json"))
    parser.add_argument("-r", dest="rounds", type=int, default=7)
    parser.add_argument("-s", dest="seconds", type=float, default=40)
    parser.add_argument("rows", nargs="*", metavar="ROW")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    load = [os.getloadavg()[0]]
    table = {}
    with tempfile.TemporaryDirectory(prefix="forksan-bench-") as directory:
        choice = [tool for tool in tools(directory) if tool.is_here()]
        print("| row | bare | " + " | ".join(tool.name for tool in choice[1:]) + " |")
        print("| --- " * (len(choice) + 1) + "|", flush=True)
        for name in arguments.rows or ROWS:
            table[name] = fill_row(name, choice, arguments.rounds, arguments.seconds)
            print(line_of(name, table[name], choice), flush=True)
    load.append(os.getloadavg()[0])
    print(f"load {load[0]:.1f} at the begin, {load[1]:.1f} at the end; {os.cpu_count()} cores")
    with open(arguments.output, "w", encoding="utf-8") as out:
        json.dump({"machine": " ".join(os.uname()[0:5:2]), "load": load, "cores": os.cpu_count(), "rows": table},
                  out, indent=1)
    return 0


sys.exit(main())
