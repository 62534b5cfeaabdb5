#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan metrics: what it says of a session while that runs, and that Prometheus can read it."""

import json
import os
import re
import stat
import subprocess

import toolkit
from toolkit import check, run

# A parent and its child use one connection in turns, then wait for the end of standard input.
PROGRAM = r"""
import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
def use(connection, peer):
    for _ in range(12):
        connection.sendall(b"*1\r\n$4\r\nPING\r\n")
        peer.recv(100)
        peer.sendall(b"+PONG\r\n")
        connection.recv(100)
connection = socket.create_connection(listener.getsockname())
peer, _ = listener.accept()
use(connection, peer)
child_ready, ready = os.pipe()
if os.fork() == 0:
    use(connection, peer)
    os.write(ready, b"x")
    sys.stdin.read()
    os._exit(0)
os.read(child_ready, 1)
use(connection, peer)
print("ready", flush=True)
sys.stdin.read()
"""


def parse(text):
    """{(name, labels): value}; each metric stands together under one TYPE."""
    series, metric, seen = {}, None, set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            metric = line.split()[2]
            check(metric not in seen, f"{metric} stands together")
            seen.add(metric)
        elif not line.startswith("#"):
            match = re.fullmatch(r'([a-z_]+)(?:\{(.*)\})? ([0-9]+)', line)
            check(match is not None and match[1] == metric, "a line of its metric", line)
            labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or ""))
            series[match[1], tuple(sorted(labels.items()))] = int(match[3])
    return series


def find(series, name, **labels):
    """The values of a metric whose labels are among others as given."""
    return [value for (metric, given), value in series.items()
            if metric == name and labels.items() <= dict(given).items()]


def total(series, name, **labels):
    return sum(find(series, name, **labels))


def promtool_agrees(text):
    if not os.path.exists("/usr/bin/promtool"):
        return
    result = subprocess.run(["/usr/bin/promtool", "check", "metrics"], input=text, text=True,
                            capture_output=True, check=False)
    check(result.returncode == 0 and not result.stderr, "promtool check metrics", result.stdout,
          result.stderr)


with toolkit.Directory() as directory:
    log = os.path.join(directory, "log")
    program = toolkit.write(os.path.join(directory, "shared.py"), PROGRAM)
    env = dict(os.environ, OTEL_SERVICE_NAME="shop \"a\\b\"",
               OTEL_RESOURCE_ATTRIBUTES="service.version=2%0A4%1b,team=x")
    process = subprocess.Popen([toolkit.FORKSAN, "run", "-o", log, "/usr/bin/python3", program],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, env=env)
    process.stdout.readline()
    result = run("metrics", "--once")
    check(result.returncode == 0 and result.stderr == "", "metrics", result)
    promtool_agrees(result.stdout)
    series = parse(result.stdout)
    with open(log, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    session = records[0]["session"]
    check(find(series, "forksan_session_info", session=session,
               service='shop \\"a\\\\b\\"', version="2?4?") == [1], "labels", result.stdout[:1500])
    check(total(series, "forksan_processes", session=session) == 2, "processes")
    check(total(series, "forksan_connections_held_by_several", session=session) >= 1, "shared")
    check(total(series, "forksan_connections_inherited_total", session=session) >= 1, "inherited")
    # The numbers by kind and by bug are those of all findings, also between milestones.
    findings = {record["id"]: record for record in records if record["record"] == "finding"}
    kinds = {finding["kind"] for finding in findings.values()}
    check("shared-use" in kinds, "the program shares", kinds)
    for kind in ("open-at-fork", "inherited-use", "shared-use", "shared-epoll", "foreign-goodbye",
                 "crossed-reply"):
        times = total(series, "forksan_findings_total", session=session, kind=kind)
        least = sum(f["repeat"] for f in findings.values() if f["kind"] == kind)
        check(len(find(series, "forksan_findings_total", session=session, kind=kind)) == 1 and
              (times == 0 if least == 0 else times >= least), f"{kind} is counted, or 0", times,
              least)
        prints = {f["fingerprint"] for f in findings.values() if f["kind"] == kind}
        for fingerprint in prints:
            check(len(find(series, "forksan_bug_seen_total", session=session, kind=kind,
                           fingerprint=fingerprint)) == 1, "a bug by its fingerprint", fingerprint)
    check(total(series, "forksan_uses_total", session=session, result="violation") ==
          total(series, "forksan_findings_total", session=session, level="violation"),
          "each violation is of a kind", result.stdout)
    check(find(series, "forksan_lost_total", session=session, what="lost_findings") == [0],
          "losses begin at 0")
    check(total(series, "forksan_records_total", session=session) == len(records), "records")

    # The file for node-exporter: whole, readable, and alone.
    target = os.path.join(directory, "textfile")
    os.mkdir(target)
    os.umask(0o077)
    for _ in range(2):
        result = run("metrics", "--textfile", target)
        check(result.returncode == 0 and result.stdout == "", "--textfile", result)
    check(os.listdir(target) == ["forksan.prom"], "one file", os.listdir(target))
    path = os.path.join(target, "forksan.prom")
    check(stat.S_IMODE(os.stat(path).st_mode) == 0o644, "everybody may read it")
    with open(path, encoding="utf-8") as file:
        check(find(parse(file.read()), "forksan_session_info", session=session), "it has the session")

    process.stdin.close()
    process.wait(30)
    result = run("metrics")
    check(not find(parse(result.stdout), "forksan_session_info", session=session),
          "a session that has ended is gone")
    check(find(parse(result.stdout), "forksan_metrics_timestamp_seconds"), "the time is there")

    missing = run("metrics", "--textfile", os.path.join(directory, "none"))
    check(missing.returncode == 2 and "No such file" in missing.stderr, "no such directory", missing)
    check(run("metrics", "x").returncode == 2, "an argument too many")
    check(run("metrics", "--help").returncode == 0, "--help")

toolkit.finish()
