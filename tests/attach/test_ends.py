#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""However it ends, and however much waits to be judged then: the log has a summary that says from when to when
forksan attach has watched, and what it lost."""

import json
import os
import signal
import subprocess
import sys

import attaching
import processes
import toolkit
from toolkit import check, finish

attaching.need()
PROGRAM = attaching.program()
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
STORM = [PROGRAM, "storm", "1000000", "2000000"]  # does not end by itself


def start(*arguments):
    log = attaching.new_log()
    process = subprocess.Popen([attaching.FORKSAN, "attach", "-o", log.path, *arguments], stderr=subprocess.PIPE,
                               start_new_session=True, text=True)
    return log, process


def summary(log, what):
    """The last record, after which nothing came."""
    log.read()
    log.validate()
    last = log.records[-1]
    check(last["record"] == "summary" and last["final"], f"{what}: a final summary", last)
    check([record["record"] for record in log.records].count("summary") == 1, f"{what}: one summary")
    check(last["watched"]["from"] <= last["watched"].get("until", "9") and
          last["watched"].get("until", "") <= last["time"], f"{what}: until when", last)
    return last


def wait_until_judged(log, forks):
    """The registry counts what the watcher has judged."""
    def judged():
        if not log.read().records:
            return False
        seen = toolkit.run("top", "--json", log.records[0]["session"])
        return seen.returncode == 0 and json.loads(seen.stdout)["counters"]["forks"] >= forks

    processes.wait_for(judged, f"{forks} forks")


# A signal to a command that forks and connects without a pause goes to the command, whose end is the end.
for number in (signal.SIGTERM, signal.SIGINT):
    log, attached = start("--", *STORM)
    wait_until_judged(log, 500)
    attached.send_signal(number)
    said = attached.communicate(timeout=60)[1]
    check(attached.returncode == -number, f"{number.name}: the command's end is told", attached.returncode, said)
    counters = summary(log, number.name)["counters"]
    check(counters["forks"] > 50 and counters["connections_watched"] > 50, f"{number.name}: it was watched", counters)
    check("attached for" in said, f"{number.name}: until when", said)

# The same for a storm that it watches from outside, and which goes on.
with subprocess.Popen(STORM, start_new_session=True) as storm:
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            log, attached = start("-p", str(storm.pid))
            attached.stderr.readline()
            wait_until_judged(log, 500)
            attached.send_signal(number)
            said = attached.communicate(timeout=60)[1]
            check(attached.returncode == 0, f"-p, {number.name}: exit status 0", attached.returncode, said)
            check(summary(log, f"-p, {number.name}")["watched"]["until"], f"-p, {number.name}: until when")
    finally:
        os.killpg(storm.pid, signal.SIGKILL)

# A process that has ended and is not waited for (a zombie) has ended.  This test is such a parent, of orphans, too.
processes.libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


with subprocess.Popen(["/bin/sleep", "1000"]) as sleeper:
    log, attached = start("-p", str(sleeper.pid))
    attached.stderr.readline()
    end(sleeper.pid)
    said = attached.communicate(timeout=60)[1]
    check(attached.returncode == 0 and "attached for" in said, "ended with nobody to wait for it", said)
    summary(log, "ended with nobody to wait for it")
    for option in ("-p", "--tree"):
        result = toolkit.run("attach", option, str(sleeper.pid))
        check(result.returncode == 2 and "has ended" in result.stderr, f"{option}: it has ended before", result.stderr)
with subprocess.Popen(["/bin/sh", "-c", "/bin/sleep 0 & exec /bin/sleep 1000"]) as parent:
    processes.wait_for(lambda: any(attaching.state_of(pid) == "Z" for pid in attaching.children_of(parent)), "a zombie")
    zombie = next(iter(attaching.children_of(parent)))
    log, attached = start("--tree", str(parent.pid))
    attached.stderr.readline()
    end(parent.pid)
    said = attached.communicate(timeout=60)[1]
    check(attached.returncode == 0 and "1 process," in said, "a zombie below the process is none of them", said)
    os.waitpid(parent.pid, 0)
    os.waitpid(zombie, 0)
# One whose first thread alone has ended has not.
HEADLESS = f"""import ctypes, threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
ctypes.CDLL(None).syscall({60 if os.uname().machine == "x86_64" else 93}, 0)"""
with subprocess.Popen([sys.executable, "-c", HEADLESS]) as headless:
    processes.wait_for(lambda: attaching.state_of(headless.pid) == "Z", "the end of the first thread")
    log, attached = start("-p", str(headless.pid))
    check("attached" in attached.stderr.readline(), "its first thread alone has ended")
    headless.kill()
    attached.communicate(timeout=60)
    check(summary(log, "its first thread alone has ended")["counters"]["processes"] == 1, "it is watched")

# The command ends while the ring is full, since the watcher gets no processor: what was lost is said.
log, attached = start("--", PROGRAM, "storm", "5000", "10000")
wait_until_judged(log, 1)
watcher = attaching.watcher_of(attached)
os.kill(watcher, signal.SIGSTOP)
processes.wait_for(lambda: len(attaching.children_of(attached)) == 1, "the command's end")
os.kill(watcher, signal.SIGCONT)
said = attached.communicate(timeout=90)[1]
last = summary(log, "full")
lost = {name: value for name, value in last["counters"].items() if name.startswith("lost_") and value}
check(lost, "the ring was full", last["counters"])
check(all(name in said for name in lost), "what was lost is said", lost, said)

# forksan attach is killed: its watcher writes the summary.
log, attached = start("--", *STORM)
wait_until_judged(log, 500)
children = attaching.children_of(attached)
attached.kill()
for pid, name in children.items():
    if name != "forksan-attach":
        os.kill(pid, signal.SIGKILL)
attached.communicate(timeout=60)
processes.wait_for(lambda: log.counters, "a summary")
check(summary(log, "killed")["watched"]["until"], "killed: until when")

# The watcher is killed: nobody says that all was seen.
log, attached = start("--", PROGRAM, "idle")
wait_until_judged(log, 1)
os.kill(attaching.watcher_of(attached), signal.SIGKILL)
said = attached.communicate(timeout=60)[1]
last = summary(log, "no watcher")
check(attached.returncode == 67, "no watcher: exit status 67", attached.returncode, said)
check("until" not in last["watched"] and "lost_watcher" in last["incomplete_because"], "no watcher: it is said", last)
check("complete: false (lost_watcher 1" in said, "no watcher: on standard error, too", said)
shown = toolkit.run("report", log.path)
check("until an end that is not known" in shown.stdout and "lost_watcher 1" in shown.stdout, "the report says so",
      shown.stdout)
finish()
