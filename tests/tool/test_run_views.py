#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan run --html, --baseline and --suppressions: as of forksan report, with and without -o, and in the exit
status."""

import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import servers
import toolkit
import views
from toolkit import check, run

os.chdir(toolkit.ROOT)
PROGRAM = r"""
import os, socket, sys
db = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def ask():
    db.sendall(b"*1\r\n$4\r\nPING\r\n")
    return db.recv(100)
ask()
for _ in range(2):
    if os.fork() == 0:
        ask()
        os._exit(0)
    os.wait()
"""

with servers.redis() as db, toolkit.Directory() as directory:
    path = {name: os.path.join(directory, name) for name in ("page", "log", "old", "new", "accepted", "wrong")}
    program = toolkit.write(os.path.join(directory, "program.py"), PROGRAM)
    env = forksan_log.bare_env(TMPDIR=directory)

    def forksan(status, *arguments):
        result = run("run", *arguments, "--", "/usr/bin/python3", program, str(db.port), env=env)
        check(result.returncode == status, f"run {arguments}: status {status}", result.returncode, result.stderr)
        check(not glob.glob(os.path.join(directory, "forksan-*")), f"run {arguments} leaves no file")
        return result.stderr

    text = forksan(66, "--html", path["page"])
    check("TWO PROCESSES ON ONE CONNECTION" in text and "--bug" not in text, "the bug is shown at the end", text)
    views.check_page(path["page"])
    text = forksan(66, "-q", "--html", path["page"], "-o", path["log"])
    check("TWO PROCESSES" not in text and "verdict: 1 bug" in text, "-q", text)
    check("TWO PROCESSES" in run("report", path["log"]).stdout, "a log that was asked for stays")
    views.check_known_bugs(forksan, path)

    # One count: a connection of which a finding speaks was open across a fork, also where its new holder has
    # merely ended the session.
    goodbye = toolkit.write(os.path.join(directory, "goodbye.py"), PROGRAM.replace("        ask()\n        os", """\
        db.sendall(b"*1\\r\\n$4\\r\\nQUIT\\r\\n")
        os"""))
    result = run("run", "-o", path["new"] + "2", "--", "/usr/bin/python3", goodbye, str(db.port), env=env)
    check("A SESSION ENDED FOR OTHERS" in result.stderr, "a goodbye", result.stderr)
    check("1 connection watched, 1 of them open across a fork" in result.stderr, "of one connection across a fork",
          result.stderr)
    shown = run("report", path["new"] + "2").stdout
    check("1 connection (1 open across a fork)" in shown, "in the report, too", shown)

    # What cannot be used is said before CMD starts.
    toolkit.write(path["wrong"], "colour:red\n")
    for arguments in (("--html", "/nonexistent/page"), ("--suppressions", path["wrong"]), ("--baseline", program)):
        text = forksan(2, *arguments)
        check("verdict" not in text, f"{arguments}: CMD was not started", text)
    env["TMPDIR"] = "/nonexistent"
    check("/nonexistent/forksan-" in forksan(2, "--html", path["page"]), "no room for the log")

toolkit.finish()
