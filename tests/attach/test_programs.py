#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan attach on a static C program: every kind, raw system calls, io_uring, unix sockets; and silence
about all that is sound."""

import os
import subprocess

import attaching
import processes
import toolkit
from attaching import attach, kinds
from toolkit import check, finish

attaching.need()
PROGRAM = attaching.program()


def line_of(text):
    """program.c:LINE of the line that holds the text."""
    with open(os.path.join(attaching.HERE, "program.c"), encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            if text in line:
                return f"program.c:{number}"
    raise LookupError(text)


def counters(log):
    return [record for record in log.records if record["record"] == "summary"][-1]["counters"]


def expect(way, wanted, *arguments, status=66):
    log, result = attach(PROGRAM, way, *arguments, status=status)
    check(kinds(log) == sorted(wanted), f"{way}: {wanted}", kinds(log), result.stderr)
    lost = {name: value for name, value in counters(log).items() if name.startswith("lost_") and value}
    check(not lost, f"{way}: nothing is lost", lost)
    return log, result


log, result = expect("shared", ["inherited-use", "shared-use"])
shared = log.findings(kind="shared-use")[0]
check(shared["connection"]["protocol"] == "Redis", "the protocol is read from the bytes", shared["connection"])
check(shared["other"]["relation"] == "child" and shared["pid"] == shared["connection"]["opened_by"],
      "both processes are named", shared["other"])
check(shared["operation"] == {"call": "send", "bytes": 14, "message": "PING"}, "the operation", shared["operation"])
check(shared["connection"]["local"].startswith("127.0.0.1:"), "the local port", shared["connection"])
# A process that ends within milliseconds may be gone before its mapped files are read: this one waits.
log = attaching.new_log()
process = subprocess.Popen([attaching.FORKSAN, "attach", "-o", log.path, "--", PROGRAM, "held"], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
processes.wait_for(lambda: log.findings(kind="shared-use"), "the violation shared-use")
said = process.communicate("go\n", timeout=60)[1]
check(process.returncode == 66, "held: exit status 66", process.returncode)
for place in (line_of("if (connect(connection, (struct sockaddr *)&address, address_len) != 0)"),
              line_of("if (send(connection, PING, sizeof PING - 1, 0) < 0 ||")):
    check(place in said, f"the report has {place}", said)
check("complete: true" in result.stderr, "nothing was missed", result.stderr)
check("attached for" in result.stderr, "it says until when it watched", result.stderr)

# An exec by a thread that is not the first: the process goes on under the same number.
for way in ("thread", "leaderless"):
    log, result = expect(way, ["inherited-use", "shared-use"])
    check(counters(log)["execs"] == 2, f"{way}: the command's exec, and the thread's", counters(log))
expect("raw", ["inherited-use", "shared-use"])
log, result = attach(PROGRAM, "uring")
if result.returncode == 77:
    print("not tested: io_uring, which this machine refuses")
else:
    # Its bytes are not seen: it is judged by direction.
    check(kinds(log) == ["shared-use"], "uring", kinds(log), result.stderr)
expect("sendfile", ["crossed-reply", "inherited-use", "shared-use"])
log, result = attach(PROGRAM, "splice")
if kinds(log):
    check(kinds(log) == ["inherited-use", "shared-use"], "splice", kinds(log), result.stderr)
else:
    print("not tested: splice, of which a kernel tells that takes fexit programs")
# However often others have used it before: the one that breaks the rule has a stack.
log, result = expect("busy", ["inherited-use", "shared-use"])
stacks = log.findings(kind="shared-use")[0]["stacks"]
for role in ("other_use", "this_use"):
    check("ping" in [frame["function"] for frame in stacks[role]], f"busy: {role}", stacks[role])
expect("goodbye", ["foreign-goodbye"])
expect("idle", ["open-at-fork"], status=0)
# By the time that the child is looked at, it alone holds the connection.
expect("left", [], status=0)
# Of an answer most bytes are not seen: that it was taken from another process nobody says.
expect("big", ["inherited-use", "shared-use"])
expect("discards", ["inherited-use", "shared-use"])
expect("messages", ["inherited-use", "shared-use"])
DYNAMIC = os.path.join(attaching.directory, "dynamic")
subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-D_GNU_SOURCE", "-O1", "-o", DYNAMIC,
                os.path.join(attaching.HERE, "program.c"), "-lpthread"], check=True)
log = attaching.new_log()
result = toolkit.run("run", "-o", log.path, "--", DYNAMIC, "messages")
check(kinds(log.read()) == ["inherited-use", "shared-use"], "messages under the library", kinds(log), result.stderr)
# What cannot be read is counted, and a write of which nothing is known is not accused: it may be the goodbye.
log, result = attach(PROGRAM, "unread", status=0)
check(kinds(log) == ["inherited-use"], "unread", kinds(log), result.stderr)
check(counters(log)["lost_bytes"] == 1 and counters(log)["goodbyes_presumed"] == 1, "unread: it is counted",
      counters(log))
check("complete: false (lost_bytes 1" in result.stderr, "unread: it is said", result.stderr)
expect("crossed", ["crossed-reply", "shared-use"])
log, result = expect("unix", ["inherited-use", "shared-use"], os.path.join(attaching.directory, "socket"))
check(log.findings(kind="shared-use")[0]["connection"]["peer"] == os.path.join(attaching.directory, "socket"),
      "a unix socket by its path", log.findings()[0]["connection"])
log, result = expect("vforked", ["shared-use"])
check(len(log.findings()) == 5, "vforked: each time", log.findings())
expect("ended", [], status=0)
log, result = expect("clean", [], status=0)
check(counters(log)["connections_watched"] == 4 and counters(log)["hand_overs"] == 1,
      "the sound program was watched", counters(log))

# Exit statuses, a suppression by ignore=, and a command's own status.
attach(PROGRAM, "shared", options=("--ignore", "Redis", "--require-watched"), status=67)
attach(PROGRAM, "idle", options=("--fail-on", "notice"), status=66)
attach("/bin/sh", "-c", "exit 3", status=3)
log, result = attach("/nonexistent/program", status=127)
finish()
