#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""contrib/ci/run-tests.sh: fails on new bugs, not on those of the baseline, and when the suite fails; SARIF
is written; the workflows and the other recipes are what their linters take."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

import toolkit
from toolkit import check

SCRIPT = os.path.join(toolkit.ROOT, "contrib/ci/run-tests.sh")
SUITE = """
import os, socket, sys
def share():
    listener = socket.create_server(("127.0.0.1", 0))
    if os.fork() == 0:
        peer, _ = listener.accept()
        while peer.recv(100):
            peer.sendall(b"+PONG\\r\\n")
        os._exit(0)
    connection = socket.create_connection(listener.getsockname())
    listener.close()
    def ping():
        connection.sendall(b"*1\\r\\n$4\\r\\nPING\\r\\n")
        connection.recv(100)
    for _ in range(SHARED):
        if os.fork() == 0:
            ping()
            os._exit(0)
        os.wait()
    ping()
    connection.close()
def NAME():
    share()
NAME()
sys.exit(STATUS)
"""


def run_suite(directory, shared, name="first", status=0, **environment):
    path = os.path.join(directory, f"{name}.py")
    with open(path, "w", encoding="ascii") as out:
        out.write(SUITE.replace("SHARED", str(shared)).replace("NAME", name).replace("STATUS", str(status)))
    return subprocess.run([SCRIPT, sys.executable, "-B", path], cwd=directory, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False,
                          env={**os.environ, "PATH": f"{toolkit.BUILD}:{os.environ['PATH']}", **environment})


with tempfile.TemporaryDirectory() as directory:
    clean = run_suite(directory, 0)
    check(clean.returncode == 0, "a clean suite passes", clean)
    found = run_suite(directory, 2)
    check(found.returncode == 66 and "1 bug" in found.stdout, "a bug fails it", found)
    with open(os.path.join(directory, "forksan/forksan.sarif"), encoding="utf-8") as file:
        results = json.load(file)["runs"][0]["results"]
    check(len(results) >= 1, "and is in the SARIF", results)
    shutil.copy(os.path.join(directory, "forksan/findings.jsonl"), os.path.join(directory, "known.jsonl"))
    known = run_suite(directory, 2, FORKSAN_BASELINE="known.jsonl")
    check(known.returncode == 0, "the same bug is no news", known)
    new = run_suite(directory, 2, "second", FORKSAN_BASELINE="known.jsonl")
    check(new.returncode == 66, "another is", new)
    failed = run_suite(directory, 2, status=3)
    check(failed.returncode == 3, "the suite's own failure comes first", failed)
    blind = subprocess.run([SCRIPT, "true"], cwd=directory, stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, check=False,
                           env={**os.environ, "PATH": f"{toolkit.BUILD}:{os.environ['PATH']}"})
    check(blind.returncode == 67, "a suite in which nothing was watched proves nothing", blind)

os.chdir(toolkit.ROOT)
LINTERS = (
    ("yamllint", "-d", "{extends: default, rules: {line-length: {max: 120}}}", "contrib/ci", "contrib/container"),
    ("shellcheck", SCRIPT, "contrib/container/init.sh", "contrib/container/entrypoint.sh",
     "contrib/alpine/APKBUILD"),
    ("rpmlint", "contrib/rpm/forksan.spec"),
)
for linter in LINTERS:
    if not shutil.which(linter[0]) or (linter[0] == "rpmlint" and not shutil.which("rpm")):
        print(f"not looked over: no {linter[0]}")
        continue
    result = subprocess.run(linter, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    check(result.returncode == 0, f"{linter[0]} finds nothing", result)
toolkit.finish()
