#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan attach --html, --baseline, --suppressions and --fail-on: as of forksan run, in what is shown and in the
exit status, for a command and for a process that runs."""

import os
import subprocess

import attaching
import toolkit
import views
from toolkit import check, finish, run

attaching.need()
# A bug is known again by its places, and a program has none that ended before they could be read.
os.environ["LINGERS"] = "500"
PROGRAM = attaching.program()
path = {name: os.path.join(attaching.directory, name) for name in ("page", "log", "old", "new", "accepted", "wrong")}


def forksan(status, *arguments, way="shared"):
    result = run("attach", *arguments, "--", PROGRAM, way)
    check(result.returncode == status, f"attach {arguments}: status {status}", result.returncode, result.stderr)
    return result.stderr


text = forksan(66, "--html", path["page"], "-o", path["log"])
check("TWO PROCESSES ON ONE CONNECTION" in text, "the bug is shown at the end", text)
views.check_page(path["page"])
views.check_known_bugs(forksan, path)

forksan(0, way="idle")
forksan(66, "--fail-on", "notice", way="idle")

# What cannot be used is said before the command starts, and before a process is watched.
toolkit.write(path["wrong"], "colour:red\n")
for arguments in (("-o", "/dev/null"), ("--html", "/nonexistent/page"), ("--suppressions", path["wrong"]), ("--baseline", PROGRAM)):
    check("verdict" not in forksan(2, *arguments), f"{arguments}: nothing was started")
    result = run("attach", *arguments, "-p", str(os.getpid()))
    check("forksan run:" not in result.stderr, f"{arguments}: the message names the verb", result.stderr)
    check(result.returncode == 2 and "attached" not in result.stderr, f"{arguments}: nothing was watched", result.stderr)

# Of a process that runs the status is the gate's, too.
toolkit.write(path["accepted"], "kind:*\n")
for status, arguments in ((66, ("-o", path["old"])), (0, ("--baseline", path["old"])),
                          (0, ("--suppressions", path["accepted"]))):
    with subprocess.Popen([PROGRAM, "later"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        program.stdout.readline()
        attached = attaching.Attached("-p", str(program.pid), *arguments)
        attached.wait_until_watching()
        program.communicate("go\n", timeout=60)
        said = attached.process.communicate(timeout=60)[1]
        check(attached.process.returncode == status, f"-p {arguments}: status {status}", attached.process.returncode,
              said)
# Its bug is another than the command's.
forksan(66, "--baseline", path["old"])
finish()
