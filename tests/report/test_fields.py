#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The contract is what is written: every name in a real log stands in docs/log.schema.json and in
docs/log.md, and every name of the schema stands in some record of a real log.

    test_fields.py --do PORT        runs under the shim: all kinds of findings, and a blind spot
"""

import ctypes
import json
import os
import re
import select
import socket
import subprocess
import sys
import tempfile

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "support"), os.path.join(TESTS, "tool")]

import forksan_log
import servers
from toolkit import check, finish

PING = b"*1\r\n$4\r\nPING\r\n"
QUIT = b"*1\r\n$4\r\nQUIT\r\n"
# What needs more than this test has: a TLS server, and `forksan report`, which adds the lines.
ELSEWHERE = {
    "finding.history.tid": "tests/unit/test_history.c",
    "finding.history.result": "tests/tool/test_report_golden.py",
    "finding.late": "tests/unit/test_report.c",
    "finding.action": "tests/entry/test_isolate.c",
    "finding.connection.open_before": "tests/attach/test_before.py",
    "finding.connection.isolated": "tests/entry/test_isolate.c",
    "finding.threads_at_fork": "tests/tool/test_dead_threads.py",
    "finding.connection.label": "tests/scenario/test_19_api.py",
    "finding.connection.server_name": "tests/scenario/test_12_tls.py",
    "finding.stacks.*.file (native)": "tests/tool/test_report_symbols.py",
    "finding.stacks.*.line (native)": "tests/tool/test_report_symbols.py",
    "stack.frames.file (native)": "tests/tool/test_report_symbols.py",
    "stack.frames.line (native)": "tests/tool/test_report_symbols.py",
    "summary.suppressions_unused": "tests/tool/test_suppressions.py",
    "summary.watched": "tests/attach/test_ends.py",
    "summary.watched.from": "tests/attach/test_ends.py",
    "summary.watched.until": "tests/attach/test_ends.py",
}


def share(port):
    """All kinds of findings, and a blind spot."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(PING)
    assert connection.recv(7) == b"+PONG\r\n"
    child = os.fork()
    if child == 0:  # a worker that holds the connection and has not used it
        select.select([], [], [], 0)
        os._exit(0)
    os.waitpid(child, 0)
    child = os.fork()
    if child == 0:
        select.select([], [], [], 0)  # waits for events with the connection open
        os._exit(0)
    os.waitpid(child, 0)
    child = os.fork()
    if child == 0:
        connection.sendall(PING)
        connection.recv(7)
        connection.sendall(PING)  # its reply is the parent's to take
        os._exit(0)
    os.waitpid(child, 0)
    connection.recv(7)
    child = os.fork()
    if child == 0:
        connection.sendall(QUIT)
        os._exit(0)
    os.waitpid(child, 0)
    deafen(port)
    leave_first(port)
    log_to_the_system()
    ctypes.CDLL(None).fdopen(connection.fileno(), b"r")
    os._exit(0)


def deafen(port):
    """inherited-epoll and shared-epoll: a child goes on with its parent's epoll instance, and takes
    its parent's connection off it."""
    connection = ask(port)
    loop = select.epoll()
    loop.register(connection, select.EPOLLOUT)
    loop.poll(0)
    child = os.fork()
    if child == 0:
        loop.poll()
        loop.unregister(connection)
        os._exit(0)
    os.waitpid(child, 0)
    loop.poll(0)
    connection.sendall(PING)
    connection.recv(7)
    loop.poll(0)


def leave_first(port):
    """foreign-goodbye with `needed`: the opener ends a session that its child still waits on."""
    connection = ask(port)
    child = os.fork()
    if child == 0:
        connection.recv(7)  # the end of the session, or the answer to QUIT
        connection.recv(7)
        os._exit(0)
    connection.sendall(QUIT)
    os.waitpid(child, 0)


def log_to_the_system():
    """A connection that is not watched."""
    with tempfile.TemporaryDirectory() as directory, socket.socket(socket.AF_UNIX) as journal:
        os.mkdir(os.path.join(directory, "dev"))
        journal.bind(os.path.join(directory, "dev/log"))
        journal.listen()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(journal.getsockname())


def ask(port):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(PING)
    assert connection.recv(7) == b"+PONG\r\n"
    return connection


def names_of(record):
    """The paths of all names in a record: finding.connection.peer, finding.stacks.*.line, ..."""
    kind = record["record"]
    found = set()

    def walk(value, path):
        if isinstance(value, list):
            for item in value:
                walk(item, path)
        elif isinstance(value, dict):
            native = " (native)" if value.get("language") == "native" else ""
            for name, item in value.items():
                if path == "summary.counters":
                    continue
                found.add(f"{path}.{name}{native}")
                walk(item, f"{path}.*" if path == "finding.stacks" else f"{path}.{name}")

    walk(record, kind)
    # A stack's frames stand one deeper than the names of the four stacks.
    return found


def names_of_schema(schema):
    found = set()

    def resolve(node):
        while "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return node

    def walk(node, path, suffix=""):
        node = resolve(node)
        for other in node.get("anyOf", ()):
            walk(other, path)
        if "items" in node:
            walk(node["items"], path)
        for name, child in node.get("properties", {}).items():
            found.add(f"{path}.{name}{suffix}")
            walk(child, f"{path}.*" if path == "finding.stacks" else f"{path}.{name}")
        if path in ("finding.stacks.*", "stack.frames") and "if" in node:
            for name in node["properties"]:
                found.add(f"{path}.{name} (native)")
            for name in node["then"]["properties"]:
                found.add(f"{path}.{name} (native)")
            for name in node["else"]["properties"]:
                found.add(f"{path}.{name}")

    common = {"properties": schema["properties"]}
    for kind in schema["properties"]["record"]["enum"]:
        walk(common, kind)
        walk(schema["$defs"][kind], kind)
    return found


def main():
    if sys.argv[1:2] == ["--do"]:
        share(int(sys.argv[2]))
    with servers.redis() as server, tempfile.TemporaryDirectory() as directory:
        log = forksan_log.Log(os.path.join(directory, "log"))
        environment = forksan_log.forksan_env(log.path, payload="1")
        subprocess.run(["/usr/bin/python3", __file__, "--do", str(server.port)], env=environment,
                       check=True)
        log.validate()
    with open(forksan_log.SCHEMA, encoding="utf-8") as file:
        schema = json.load(file)
    with open(os.path.join(forksan_log.ROOT, "docs", "log.md"), encoding="utf-8") as file:
        page = file.read()
    check(log.kinds == sorted(schema["$defs"]["finding"]["properties"]["kind"]["enum"]),
          "every kind of finding is in the log", log.kinds)
    check({record["record"] for record in log.records} ==
          set(schema["properties"]["record"]["enum"]), "every kind of record is in the log")

    written = set().union(*(names_of(record) for record in log.records))
    listed = names_of_schema(schema)
    check(len(written) > 50 and len(listed) > 50, "the names are found", written, listed)
    check(not written - listed, "written and not in the schema:", sorted(written - listed))
    check(not listed - written - set(ELSEWHERE), "in the schema and never written:",
          sorted(listed - written - set(ELSEWHERE)))
    check(not set(ELSEWHERE) - listed, "what is tested elsewhere is in the schema")
    for path in sorted(written):
        name = path.removesuffix(" (native)").rpartition(".")[2]
        check(re.search(rf"`{name}`", page), f"docs/log.md names {path}")
    print(f"{len(written)} names")
    finish()


if __name__ == "__main__":
    sys.exit(main())
