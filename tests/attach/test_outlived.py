#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What outlives the command is watched until it ends.  Where the watch ends before, the log and standard error count
what lives on, alike: nobody is told that nothing was missed."""

import os
import signal
import subprocess

import attaching
import forksan_log
import processes
from toolkit import check, finish

attaching.need()
PROGRAM = attaching.program()
# The child that stays, and the server's process for its connection.
STILL_RUNNING = 2


def summary(log):
    log.read()
    log.validate()
    return [record for record in log.records if record["record"] == "summary"][-1]


# The use that breaks the rule comes when the command has ended.
log, result = attaching.attach(PROGRAM, "outlived", status=66)
check(attaching.kinds(log) == ["shared-use"], "outlived", attaching.kinds(log), result.stderr)
check("complete: true" in result.stderr and summary(log)["complete"], "outlived: nothing is missed", result.stderr)

# The same of a process that is named.
with subprocess.Popen([PROGRAM, "outlived"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                      env=forksan_log.bare_env(WAITS="1")) as process:
    process.stdout.readline()
    attached = attaching.Attached("-p", str(process.pid))
    attached.wait_until_watching()
    process.communicate("go\ngo\n", timeout=30)
said = attached.process.communicate(timeout=30)[1]
check(attached.process.returncode == 66 and "shared-use" in attaching.kinds(attached.log), "-p, outlived", said)


def stay(what, *arguments, until, status=0):
    """`until` ends the watch of what would go on for ever."""
    log = attaching.new_log()
    with subprocess.Popen([attaching.FORKSAN, "attach", "-o", log.path, *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        child = int(process.stdout.readline())
        try:
            said = until(process)
            process.wait(30)
        finally:
            os.kill(child, signal.SIGKILL)
        said += process.communicate(timeout=30)[1]
    check(process.returncode == status, f"{what}: exit status {status}", process.returncode, said)
    last = summary(log)
    check(last["incomplete_because"] == ["still_running"], f"{what}: the log says it", last)
    check(last["counters"]["still_running"] == STILL_RUNNING, f"{what}: the log counts", last)
    check(f"complete: false (still_running {STILL_RUNNING})" in said, f"{what}: standard error says the same", said)


def by_signal(process):
    said = process.stderr.readline()
    check("has ended; what it has started is watched" in said, "a sentence says that it goes on", said)
    process.send_signal(signal.SIGTERM)
    return said


stay("a signal", "--", PROGRAM, "stays", until=by_signal)
stay("--seconds", "--seconds", "2", "--", PROGRAM, "stays", until=lambda process: "")
stay("--require-watched", "--seconds", "1", "--require-watched", "--", PROGRAM, "stays", until=lambda process: "",
     status=67)
stay("a signal ends the command", "--", "/bin/sh", "-c", f"{PROGRAM} stays; kill -9 $$", until=lambda process: "",
     status=-signal.SIGKILL)

# forksan attach is killed: the watcher counts them.
log = attaching.new_log()
with subprocess.Popen([attaching.FORKSAN, "attach", "-o", log.path, "--", PROGRAM, "stays"], stdout=subprocess.PIPE,
                      stderr=subprocess.PIPE, text=True) as process:
    stays = int(process.stdout.readline())
    try:
        process.stderr.readline()
        process.kill()
        processes.wait_for(lambda: log.counters, "a summary")
    finally:
        os.kill(stays, signal.SIGKILL)
check(summary(log)["incomplete_because"] == ["still_running"], "killed: it is counted", summary(log))
finish()
