#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan attach on a connection that was open when it came: nobody knows who opened it, and that is said.  The
eldest process that holds it is taken for the opener, also where the pids have wrapped and it has the highest."""

import json
import os
import shutil
import socket
import subprocess
import sys

import attaching
import toolkit
from toolkit import check, finish

HIGH, LOW = 3000, 200


def next_pid(pid):
    with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as last:
        last.write(str(pid - 1))


def in_child(function):
    """Runs it in a child; returns the pid, and a function that lets the child go on, to its end."""
    ends = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        function(ends[1])
        os._exit(0)

    def go():
        ends[0].sendall(b"g")
        os.waitpid(pid, 0)
    return pid, go


def held(listener):
    """A process that opens a connection, forks one that takes a byte of it, and then takes one itself."""
    def eldest(word):
        connection = socket.create_connection(listener.getsockname())
        next_pid(LOW)
        pid, go = in_child(lambda word: (word.recv(1), connection.recv(1)))
        check(pid == LOW, "the child's pid", pid)
        word.sendall(b"r")
        word.recv(1)
        go()
        connection.recv(1)
    return eldest


def inside(path):
    listener = socket.create_server(("127.0.0.1", 0))
    ends = socket.socketpair()
    next_pid(HIGH)
    pid = os.fork()
    if pid == 0:
        held(listener)(ends[1])
        os._exit(0)
    check(pid == HIGH, "the opener's pid", pid)
    peer = listener.accept()[0]
    peer.sendall(b"ab")
    ends[0].recv(1)
    with subprocess.Popen([attaching.FORKSAN, "attach", "-o", path, "--tree", str(pid)], stderr=subprocess.PIPE,
                          text=True) as attached:
        line = attached.stderr.readline()
        check("attached" in line, "it watches", line)
        ends[0].sendall(b"g")
        os.waitpid(pid, 0)
        sys.stdout.write(attached.communicate(timeout=60)[1])
    finish()


if len(sys.argv) > 1:
    inside(sys.argv[1])
attaching.need()
if not os.access("/proc/sys/kernel/ns_last_pid", os.W_OK):
    toolkit.skip("this kernel cannot be told which pid comes next")
if subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], check=False, capture_output=True).returncode:
    toolkit.skip("no pid namespace may be made here")
log = attaching.new_log()
result = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", sys.executable, __file__, log.path], timeout=90,
                        capture_output=True, text=True, check=False)
check(result.returncode == 0, "it was watched", result.stdout, result.stderr)
log.read()
log.validate()
WORDS = f"before the watch began, held then by {HIGH}"
check(f"opened    {WORDS}\n" in result.stdout, "the report's words", result.stdout)
check(f"opened {WORDS.replace('by ', 'by process ')}\n" in toolkit.run("report", "--stacks", log.path).stdout,
      "the words beside the stacks")
check(log.report()["bugs"][0].get("open_before") is True, "--json", log.report()["bugs"][0])


def top_of(*way):
    """The first connection of `forksan top` while the program waits, and its line."""
    with subprocess.Popen([PROGRAM, *way], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        check(process.stdout.readline() == "ready\n", "the program is ready")
        attached = attaching.Attached("--tree", str(process.pid))
        attached.wait_until_watching()
        attached.log.read()
        session = attached.log.records[0]["session"]
        seen = json.loads(toolkit.run("top", "--json", session).stdout)["connections"][0]
        line = toolkit.run("top", "--once", session).stdout.splitlines()[-1]
        process.communicate("go\n", timeout=30)
        attached.leave()
    return seen, line


def two_programs():
    """The fingerprints of what two programs do that share a connection from before."""
    log = attaching.new_log()
    started = [subprocess.Popen([path, "forked"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
               for path in (PROGRAM, OTHER)]
    for process in started:
        check(process.stdout.readline() == "ready\n", "the program is ready")
    with subprocess.Popen([attaching.FORKSAN, "attach", "-o", log.path,
                           *(f"--tree={process.pid}" for process in started)],
                          stderr=subprocess.PIPE, text=True) as attached:
        check("attached" in attached.stderr.readline(), "it watches")
        for process in started:
            process.communicate("go\n", timeout=30)
        said = attached.communicate(timeout=60)[1]
    bugs = log.report()["bugs"]
    check(len(bugs) == 2, "two bugs", bugs, said)
    return {bug["fingerprint"] for bug in bugs}


PROGRAM = attaching.program()
seen, line = top_of("forked")
check(seen.get("open_before") is True and len(seen["holders"]) == 2, "top --json", seen)
check("  >" in line and "before the watch" in line and "*" not in line, "top says no age, and nobody who opened it", line)
OTHER = shutil.copy(PROGRAM, os.path.join(attaching.directory, "other_program"))
check(two_programs() == two_programs(), "each is one bug, whenever it is watched")
for finding in log.findings(kind="shared-use"):
    connection = finding["connection"]
    check(connection.get("open_before") is True and connection["opened_by"] == HIGH, "the log", connection)
check(log.findings(kind="shared-use"), "shared", attaching.kinds(log))
finish()
