#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A bug keeps its fingerprint in the next run, in another directory, on another host, after lines moved, and
whether the log or forksan report computes it; two faults in one program are two bugs, and no site is unknown."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import servers
import toolkit
from toolkit import check, run

os.chdir(toolkit.ROOT)
PYTHON = r"""
import os, socket, sys
PING = b"*1\r\n$4\r\nPING\r\n"
def connect():
    return socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def ask(db):
    db.sendall(PING)
    return db.recv(100)
def work(db):
    ask(db)
    for _ in range(2):
        if os.fork() == 0:
            ask(db)
            os._exit(0)
        os.wait()
"""
BODIES = {"one": "work(connect())\n", "two": "def other():\n    return connect()\nwork(connect())\nwork(other())\n"}
# An agent of a package opens the connection; the application only forks.
AGENT = "import sys\nsys.path.insert(0, sys.argv[2])\nimport agent.api\nwork(agent.api.begin(int(sys.argv[1])))\n"
API = "import agent.net\ndef begin(port):\n    return agent.net.connect(port)\n"
NET = "import socket\ndef connect(port):\n    return socket.create_connection(('127.0.0.1', port))\n"
C = r"""
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
__attribute__((always_inline)) static inline int dial(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return connect(fd, (struct sockaddr *)&to, sizeof to) == 0 ? fd : -1;
}
static void ask(int fd)
{
	char answer[100];
	if (write(fd, "*1\r\n$4\r\nPING\r\n", 14) != 14 || read(fd, answer, 100) < 1)
		exit(1);
}
__attribute__((noinline)) static int first(int port) { int fd = dial(port); ask(fd); return fd; }
__attribute__((noinline)) static int second(int port) { int fd = dial(port); ask(fd); return fd; }
int main(int argc, char **argv)
{
	int fds[2] = {first(atoi(argv[1])), argc > 2 ? second(atoi(argv[1])) : -1};
	for (int k = 0; k < 4; k++) {
		if (fork() == 0) {
			if (fds[k % 2] >= 0)
				ask(fds[k % 2]);
			_exit(0);
		}
		wait(NULL);
	}
	return 0;
}
"""

with servers.redis() as db, toolkit.Directory() as directory:
    count = 0

    def findings_of(command, **more):
        """The log of a run, and its bugs as forksan report --json has them."""
        global count
        count += 1
        log = os.path.join(directory, f"log{count}")
        result = subprocess.run(command, env=forksan_log.forksan_env(log), check=False, timeout=60, **more)
        check(result.returncode == 0, f"{command} ends well", result)
        with open(log, encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
        for record in records:
            if record["record"] == "finding":
                check(record["culprit"]["opened"] and (record["culprit"]["use"] or not record["operation"]),
                      "no site is null", record["culprit"])
        return records, json.loads(run("report", "--json", log).stdout)["bugs"]

    def fingerprints(text, where, *arguments, host=()):
        os.makedirs(os.path.join(directory, where), exist_ok=True)
        program = toolkit.write(os.path.join(directory, where, "job.py"), text)
        records, bugs = findings_of([*host, "/usr/bin/python3", program, str(db.port), *arguments])
        logged = {record["fingerprint"] for record in records if record["record"] == "finding"}
        check(logged == {bug["fingerprint"] for bug in bugs}, "the log and the report agree", logged, bugs)
        # As a log of version 1, which has no fingerprint.
        frames = {record["id"]: record["frames"] for record in records if record["record"] == "stack"}
        old = []
        for record in records:
            record = dict(record, version=1)
            if record["record"] == "finding":
                record["stacks"] = {name: frames.get(number, []) for name, number in record["stack_ids"].items()}
                del record["fingerprint"], record["stack_ids"]
            if record["record"] != "stack":
                old.append(record)
        again = json.loads(run("report", "--json", "-", stdin=toolkit.log_of(*old)).stdout)["bugs"]
        check({bug["fingerprint"] for bug in again} == logged, "and version 1 gives the same", again)
        return logged, bugs

    # --- Python ------------------------------------------------------------------------------------
    first, bugs = fingerprints(PYTHON + BODIES["one"], "a")
    check(len(bugs) == 1 and bugs[0]["opened"]["function"] == "connect", "one bug", bugs)
    check(fingerprints(PYTHON + BODIES["one"], "a")[0] == first, "the next run")
    check(fingerprints(PYTHON + BODIES["one"], "b/c")[0] == first, "another directory")
    check(fingerprints("# a line\n" * 7 + PYTHON + BODIES["one"], "a")[0] == first, "lines moved")
    other = ["unshare", "-u", "sh", "-c", 'hostname other && exec "$@"', "sh"]
    if subprocess.run([*other, "true"], capture_output=True, check=False).returncode == 0:
        check(fingerprints(PYTHON + BODIES["one"], "a", host=other)[0] == first, "another host")
    else:
        print("not tested: another host's name (no namespace)")
    both, bugs = fingerprints(PYTHON.replace("return socket", "sys._getframe\n    return socket") + BODIES["two"], "a")
    check(both == first, "the same function opens both", bugs)

    # --- an agent of a package ---------------------------------------------------------------------
    packages = os.path.join(directory, "lib", "site-packages")
    os.makedirs(os.path.join(packages, "agent"))
    for name, text in (("__init__", ""), ("api", API), ("net", NET)):
        toolkit.write(os.path.join(packages, "agent", name + ".py"), text)
    # Only the agent's frames: the application calls from a thread that the agent has started.
    text = PYTHON.replace("work(connect())", "") + (
        "import threading\nsys.path.insert(0, sys.argv[2])\nimport agent.api\n"
        "class Agent(threading.Thread):\n    pass\n"
        "made = []\n"
        "thread = threading.Thread(target=agent.api.keep, args=(int(sys.argv[1]), made))\n"
        "thread.start()\nthread.join()\nwork(made[0])\n")
    toolkit.write(os.path.join(packages, "agent", "api.py"), API + "def keep(port, made):\n    made.append(begin(port))\n")
    owned, bugs = fingerprints(text, "a", packages)
    opened = bugs[0]["opened"]
    check(opened["text"] == "agent/api.py:5 keep", "the owner is the outermost frame of the package", opened)
    check(opened["innermost"] and opened["innermost"].startswith("socket.py:"), "beside the innermost", opened)
    shown = run("report", os.path.join(directory, f"log{count}")).stdout
    check("agent/api.py:5 keep, innermost socket.py:" in " ".join(shown.split()), "on the screen", shown)

    # --- C -----------------------------------------------------------------------------------------
    program = toolkit.compile_c(directory, "job", C, "-g", "-O0")
    _, bugs = findings_of([program, str(db.port)])
    _, again = findings_of([program, str(db.port), "both"])
    check([bug["opened"]["function"] for bug in bugs] == ["first"], "a C program's own function", bugs)
    check({bug["opened"]["function"] for bug in again} == {"first", "second"} and len(again) == 2,
          "two faults in one program are two bugs", again)
    check(bugs[0]["fingerprint"] in {bug["fingerprint"] for bug in again}, "one of them known", again)
    program = toolkit.compile_c(directory, "job", "/* a line */\n\n" + C, "-g", "-O1")
    _, moved = findings_of([program, str(db.port)])
    check([bug["fingerprint"] for bug in moved] == [bug["fingerprint"] for bug in bugs], "built anew", moved)

toolkit.finish()
