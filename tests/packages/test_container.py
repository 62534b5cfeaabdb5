#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""contrib/container: the parts go into a volume, and a command runs under forksan there as in a container: a
read-only root, a user without a name, a /dev/shm of 64 KiB, an entry point that starts as root and becomes
another user.  Without a container runtime: by unshare, tmpfs and setpriv."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
NO_NAME = "setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs"
PYTHON = "/usr/bin/python3 -B /opt/shares.py"

# name, how the container's command is started, where the log is to be (None: stderr), size of /dev/shm
CASES = (
    ("any user", f"{NO_NAME} env FORKSAN_LOG=/srv /opt/forksan/entrypoint.sh {PYTHON}", "findings.jsonl", "64m"),
    ("a small /dev/shm", f"{NO_NAME} env FORKSAN_LOG=/srv /opt/forksan/entrypoint.sh {PYTHON}", "findings.jsonl",
     "64k"),
    ("an entry point that switches user",
     f"env FORKSAN_LOG=/srv/root/findings.jsonl /opt/forksan/entrypoint.sh /usr/bin/python3 -B /opt/switch.py",
     "root/findings.jsonl", "64m"),
    ("a log that cannot be written",
     f"{NO_NAME} env FORKSAN_LOG=/etc /opt/forksan/entrypoint.sh {PYTHON}", None, "64m"),
)

SWITCH = """
import os, runpy
os.setgroups([]); os.setgid(10001); os.setuid(10001)
runpy.run_path("/opt/shares.py", run_name="__main__")
"""


def run_case(parts, command, log, shm):
    """The volume is filled by init.sh, as by an init container; then the root becomes read-only."""
    show = f"cat /srv/{log}" if log else "true"
    script = f"""
        set -e
        mount --make-rprivate /
        mount -t tmpfs tmpfs /opt && mkdir /opt/forksan
        {parts}/init.sh /opt/forksan
        cp {parts}/*.py /opt
        mount -t tmpfs tmpfs /srv && chmod 777 /srv && mkdir -m 700 /srv/root
        mount -t tmpfs -o size={shm} tmpfs /dev/shm && chmod 1777 /dev/shm
        mount -t tmpfs -o ro tmpfs /tmp
        mount -o remount,bind,ro /
        {command}
        {show}"""
    return subprocess.run(["unshare", "--mount", "sh", "-c", script], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)


def judge(result, log):
    lines = result.stdout.splitlines()
    if result.returncode != 0 or "served by 10001" not in lines:
        return "the command did not run to its end"
    if not log:
        return None if "shared-use" in result.stderr and "cannot be written" in result.stderr else "no text"
    records = [json.loads(line) for line in lines if line.startswith("{")]
    kinds = {record["kind"] for record in records if record["record"] == "finding"}
    summary = [record for record in records if record["record"] == "summary"]
    if "shared-use" not in kinds:
        return f"found {kinds}"
    return None if summary and summary[-1]["counters"]["connections_watched"] == 1 else "no summary"


def main():
    missing = [name for name in ("unshare", "setpriv") if not shutil.which(name)]
    if os.getuid() != 0 or missing:
        print(f"needs root {' '.join(missing)}")
        return 77
    failed = 0
    with tempfile.TemporaryDirectory() as parts:
        for path in (f"{BUILD}/libforksan.so", f"{BUILD}/forksan", f"{ROOT}/contrib/container/init.sh",
                     f"{ROOT}/contrib/container/entrypoint.sh", f"{ROOT}/tests/support/shares.py"):
            shutil.copy(path, parts)
        with open(os.path.join(parts, "switch.py"), "w", encoding="ascii") as out:
            out.write(SWITCH)
        for name, command, log, shm in CASES:
            result = run_case(parts, command, log, shm)
            wrong = judge(result, log)
            print(f"{'FAILED' if wrong else 'ok'}: {name}{': ' + wrong if wrong else ''}")
            if wrong:
                failed += 1
                print(result.stdout[-2000:], result.stderr[-2000:])
    return 1 if failed else 0


sys.exit(main())
