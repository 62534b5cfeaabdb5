#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan attach on a Go program, which no library can be in: the process that it starts with its connection
uses it, and then it does itself."""

import os
import shutil
import subprocess

import attaching
import processes
from toolkit import check, finish, skip

attaching.need()
GO = shutil.which("go") or "/usr/lib/go/bin/go"
if not os.path.exists(GO):
    skip("no Go compiler")
PROGRAM = os.path.join(attaching.directory, "program-go")
subprocess.run([GO, "build", "-o", PROGRAM, os.path.join(attaching.HERE, "program.go")], check=True,
               env={**os.environ, "GOCACHE": os.path.join(attaching.directory, "cache"), "GO111MODULE": "off",
                    "CGO_ENABLED": "0", "HOME": attaching.directory})

log = attaching.new_log()
process = subprocess.Popen([attaching.FORKSAN, "attach", "-o", log.path, "--", PROGRAM], stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
processes.wait_for(lambda: log.findings(kind="shared-use"), "the violation shared-use")
said = process.communicate("go\n", timeout=60)[1]
log.read()
log.validate()
check(process.returncode == 66, "exit status 66", process.returncode, said)
check(attaching.kinds(log) == ["inherited-use", "shared-use"], "the kinds", attaching.kinds(log))
shared = log.findings(kind="shared-use")[0]
check(shared["connection"]["opened_by"] == shared["pid"] and shared["other"]["relation"] == "child",
      "parent and child", shared)
shown = subprocess.run([attaching.FORKSAN, "report", "--bug", "1", "--stacks", log.path], capture_output=True, text=True,
                       check=False).stdout
check("main.main" in shown and "main.ping" in shown, "the stacks have the program's own functions", shown)
used, = [line for line in shown.splitlines() if line.strip().startswith("used")]
check("main.ping" in used, "the use is the program's own function", used)
check(shared["culprit"]["use"].startswith("main.ping") and shared["culprit"]["opened"].startswith("main.main"),
      "culprits in the log", shared["culprit"])
finish()
