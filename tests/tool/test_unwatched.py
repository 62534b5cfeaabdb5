#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What was seen and not watched has a name: peer, protocol, number, in the summaries of the library
and of forksan run, in the log, and in forksan report.  Connections beyond the table are counted."""

import json
import os
import socket
import sys

import toolkit
from toolkit import check, run

CONNECT = r"""
import os, socket, sys
for address in sys.argv[1:]:
    family = socket.AF_UNIX if "/" in address else socket.AF_INET
    host, _, port = address.rpartition(":")
    with socket.socket(family) as s:
        s.connect(address if "/" in address else (host, int(port)))
        s.sendall(b"x")
"""
PEERS = 16  # FORKSAN_UNWATCHED_PEERS


def listen(*address):
    listener = socket.socket(socket.AF_INET if address else socket.AF_UNIX)
    listener.bind(address or os.path.join(directory, "dev/log"))
    listener.listen(64)
    return listener


def connect(arguments, *peers):
    log = os.path.join(directory, "log.jsonl")
    open(log, "wb").close()
    result = run("run", *arguments, "-o", log, "--", sys.executable, "-c", CONNECT, *peers)
    check(result.returncode == 0, "the program's status", result.stderr)
    with open(log, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return result.stderr, records[-1], run("report", log).stdout, json.loads(
        run("report", "--json", log).stdout)


with toolkit.Directory() as directory:
    os.mkdir(os.path.join(directory, "dev"))
    with listen() as system, listen("127.0.0.1", 0) as first, listen("127.0.0.1", 0) as second:
        name = system.getsockname()
        ignored, watched = (f"127.0.0.1:{s.getsockname()[1]}" for s in (first, second))
        said, summary, report, report_json = connect(
            [f"--ignore={ignored}"], ignored, name, ignored, watched)
    expected = [(ignored, "unknown", "unknown", 2), (name, "system service", "system", 1)]
    for where, peers in (("the log", summary), ("report --json", report_json)):
        found = [(p["peer"], p["protocol"], p["class"], p["connections"])
                 for p in peers["unwatched"]]
        check(found == expected, f"the peers in {where}", found)
        check(peers["unwatched_more"] == 0, f"{where} says that all are named", peers)
    for where, text in (("forksan run", said), ("forksan report", report)):
        check(f"not watched: 2 connections to {ignored}, unknown\n" in text, where, text)
        check(f"not watched: 1 connection to {name}, system service\n" in text, where, text)
        check(watched not in text, f"{where} does not name what was watched", text)

    listeners = [listen("127.0.0.1", 0) for _ in range(PEERS + 3)]
    peers = [f"127.0.0.1:{s.getsockname()[1]}" for s in listeners]
    said, summary, report, report_json = connect(["--ignore=127.0.0.1"], *peers, peers[-1])
    check(len(summary["unwatched"]) == PEERS, "the table is full", summary)
    check(summary["unwatched_more"] == 4, "the rest is counted", summary)
    check(report_json["unwatched_more"] == 4, "also in report --json", report_json)
    check("not watched: 4 further connections\n" in said, "the rest is said", said)
    check("not watched: 4 further connections\n" in report, "also by the report", report)

    # The library alone.
    env = dict(os.environ, LD_PRELOAD=os.path.join(toolkit.BUILD, "libforksan.so"),
               FORKSAN_OPTIONS="verbosity=1:ignore=127.0.0.1")
    alone = run("-c", CONNECT, peers[0], program=sys.executable, env=env)
    check(f"  not watched: 1 connection to {peers[0]}, unknown\n" in alone.stderr,
          "the library's summary", alone.stderr)
    for listener in listeners:
        listener.close()

toolkit.finish()
