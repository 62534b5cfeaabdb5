#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""gVisor's kernel: no SO_COOKIE, no MADV_WIPEONFORK, no MADV_POPULATE_WRITE, no process_vm_readv.  Two children
share a connection there, in a C program and in Python, and `forksan run` finds it with all of its stacks."""

import json
import os
import shutil
import subprocess

import toolkit
from toolkit import check

HERE = os.path.dirname(os.path.abspath(__file__))
RUNSC = ["runsc", "--network=none", "--platform=ptrace", "--ignore-cgroups"]


def inside(directory, script):
    """Standard input is a pipe: runsc gives what it is handed to another user, /dev/null too."""
    return subprocess.run([*RUNSC, f"--root={directory}/state", "do", "sh", "-c", script], input="",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


with toolkit.Directory() as directory:
    if not shutil.which("runsc") or inside(directory, "uname -r").stdout != "4.4.0\n":
        toolkit.skip("gVisor (runsc) does not run here")
    shares = os.path.join(directory, "shares")
    subprocess.run(["cc", "-g", "-O1", "-rdynamic", "-o", shares, f"{HERE}/../support/shares.c"], check=True)
    for command, function in ((shares, "use"),
                              (f"/usr/bin/python3 {HERE}/../stack/programs/share.py", "ask")):
        result = inside(directory, f"{toolkit.FORKSAN} run -o /tmp/log -- {command} >/tmp/out 2>&1; echo $?; cat /tmp/log")
        status, _, log = result.stdout.partition("\n")
        check(status == "66", f"{command}: found", result)
        records = [json.loads(line) for line in log.splitlines()]
        found = [record for record in records if record.get("kind") == "shared-use"]
        check(len(found) == 1 and found[0]["stacks"]["this_use"][0]["function"] == function, "with its place", found)
        check(records[-1]["complete"], "and nothing is lost", records[-1])

toolkit.finish()
