#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan report on the logs of tests/golden gives the texts beside them.

UPDATE=1 writes them anew: read the difference before you commit it.
"""

import glob
import json
import os

import toolkit

os.chdir(toolkit.ROOT)


def compare(path, text):
    if os.environ.get("UPDATE"):
        toolkit.write(path, text)
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            expected = file.read()
    except FileNotFoundError:
        expected = None
    toolkit.check(text == expected, f"{path} is what is shown", "it shows:", text)


for log in sorted(glob.glob("tests/golden/*.jsonl")):
    base = log.removesuffix(".jsonl")
    text = toolkit.run("report", log)
    # Both logs tell of losses, broken.jsonl of broken lines, too.
    toolkit.check(text.returncode == 67, f"{log}: exit status 67", text.returncode)
    compare(base + ".txt", text.stdout)
    compare(base + ".err", text.stderr)
    verbose = toolkit.run("report", "--verbose", log)
    toolkit.check("--verbose" not in verbose.stdout, f"{log}: --verbose hides no frame")
    as_json = toolkit.run("report", "--json", log)
    # What is no matter of rendering: the version, and how many counters there are.
    report = json.loads(as_json.stdout)
    report["forksan"] = "VERSION"
    report["counters"] = {name: n for name, n in report["counters"].items() if n > 0}
    compare(base + ".report.json", json.dumps(report, indent=2) + "\n")

toolkit.finish()
