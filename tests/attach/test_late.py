#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan-attach gets no processor until all is done: it judges as if it had been there.  By then a holder may
have closed the connection, or ended."""

import os
import signal
import subprocess

import attaching
import forksan_log
import processes
from toolkit import check, finish

attaching.need()
PROGRAM = attaching.program()
WAYS = {"shared": ["inherited-use", "shared-use"], "crossed": ["crossed-reply", "shared-use"],
        "goodbye": ["foreign-goodbye"], "after": ["foreign-goodbye"], "before": [], "clean": []}


def run_late(way):
    log = attaching.new_log()
    with subprocess.Popen([attaching.FORKSAN, "attach", "-o", log.path, "--", PROGRAM, way], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=forksan_log.bare_env(WAITS="1")) as process:
        for number in (signal.SIGSTOP, signal.SIGCONT):
            check(process.stdout.readline() == "ready\n", f"{way} is ready")
            os.kill(attaching.watcher_of(process), number)
            if number == signal.SIGCONT and WAYS[way]:
                processes.wait_for(log.findings, f"{way}: a finding")
            process.stdin.write("go\n")
            process.stdin.flush()
        said = process.communicate(timeout=60)[1]
    log.read()
    log.validate()
    check(attaching.kinds(log) == WAYS[way], f"{way}, late: {WAYS[way]}", attaching.kinds(log), said)
    check("complete: true" in said, f"{way}, late: nothing was missed", said)


for name in WAYS:
    run_late(name)
finish()
