#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan report reads 1 GB of log in at most 10 s of processor time and 64 MiB: a fifth of that here, made of
the logs of real runs, each time as another session with findings of its own."""

import glob
import json
import os
import random
import re
import subprocess

import toolkit
from toolkit import check

BYTES = 200_000_000
SECONDS = 10 * BYTES / 1e9
KIB = 64 * 1024
ID = re.compile(r'("record":"finding","version":\d,(?:"seq":\d+,)?"id":")([0-9a-f]{16})')

os.chdir(toolkit.ROOT)
if toolkit.is_sanitized():
    toolkit.skip("built with sanitizers, which cost time and memory")


def again(text, rnd):
    session, salt = rnd.getrandbits(64), rnd.getrandbits(64)
    text = text.replace(json.loads(text.split("\n", 1)[0])["session"], f"{session:016x}")
    return ID.sub(lambda match: f"{match[1]}{int(match[2], 16) ^ salt:016x}", text)


def measure(logs, arguments):
    """Writes the log into a pipe, so that it need not lie anywhere."""
    rnd = random.Random(1)
    with subprocess.Popen([toolkit.FORKSAN, "report", *arguments, "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, encoding="utf-8") as report:
        written = 0
        while written < BYTES:
            text = again(rnd.choice(logs), rnd)
            report.stdin.write(text)
            written += len(text)
        report.stdin.close()
        output = report.stdout.read()
        _, status, usage = os.wait4(report.pid, 0)
        report.returncode = os.waitstatus_to_exitcode(status)
    check(report.returncode == 0, f"report {arguments} ends well", report.returncode)
    check(usage.ru_utime + usage.ru_stime <= SECONDS,
          f"report {arguments}: at most {SECONDS} s for {BYTES} bytes", usage.ru_utime, usage.ru_stime)
    check(usage.ru_maxrss <= KIB, f"report {arguments}: at most {KIB} KiB", usage.ru_maxrss)
    print(f"report {' '.join(arguments)}: {written / (usage.ru_utime + usage.ru_stime) / 1e6:.0f} MB/s, "
          f"{usage.ru_maxrss} KiB")
    return output


for version, pattern in ((2, "tests/golden/[gp]*.jsonl"), (1, "tests/golden/version-1-*.jsonl")):
    logs = []
    for path in sorted(glob.glob(pattern)):
        with open(path, encoding="utf-8") as file:
            logs.append(file.read())
    check(all(f'"version":{version},' in text for text in logs), f"logs of version {version}")
    text = measure(logs, [])
    check(f"{len(logs)} bugs" in text, "all bugs are there", text[:200])
    report = json.loads(measure(logs, ["--json"]))
    check(len(report["bugs"]) == len(logs) and report["broken_lines"] == 0, "and as JSON")

# A log in which every stack is another one takes no more.
with open("tests/golden/gunicorn-sqlalchemy.jsonl", encoding="utf-8") as file:
    records = [json.loads(line) for line in file]
stack = max((record for record in records if record["record"] == "stack"), key=lambda record: len(record["frames"]))
finding = next(record for record in records if record.get("kind") == "shared-use")
with subprocess.Popen([toolkit.FORKSAN, "report", "-q", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                      encoding="utf-8") as report:
    for i in range(5000):
        stack["frames"][0]["function"] = f"f{i}"
        finding["stack_ids"]["this_use"] = stack["id"] = f"{i:016x}"
        finding["id"] = f"{i + 1:016x}"
        for record in (stack, finding):
            report.stdin.write(json.dumps(record, separators=(",", ":")) + "\n")
    report.stdin.close()
    output = report.stdout.read()
    _, status, usage = os.wait4(report.pid, 0)
    report.returncode = os.waitstatus_to_exitcode(status)
check("1 bug" in output, "it is one bug", output)
check(usage.ru_maxrss <= KIB, f"5000 stacks: at most {KIB} KiB", usage.ru_maxrss)
print(f"5000 stacks: {usage.ru_maxrss} KiB")

toolkit.finish()
