#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan report on the logs of tests/golden gives the texts beside them.  Those that record.py there
makes are of real runs.

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


def fingerprints(name):
    result = toolkit.run("report", "--json", f"tests/golden/{name}.jsonl")
    return sorted(bug["fingerprint"] for bug in json.loads(result.stdout)["bugs"])


# The same programs, recorded with other versions of the log, in other runs, under other paths.
for old in glob.glob("tests/golden/version-1-*.jsonl"):
    name = os.path.basename(old).removesuffix(".jsonl")
    new = name.removeprefix("version-1-")
    toolkit.check(fingerprints(name) == fingerprints(new), f"{new} has the same bugs in both versions",
                  fingerprints(name), fingerprints(new))

for log in sorted(glob.glob("tests/golden/*.jsonl")):
    base = log.removesuffix(".jsonl")
    text = toolkit.run("report", log)
    # The two that were made by hand tell of losses, broken.jsonl of broken lines, too.
    status = 67 if os.path.basename(log) in ("founding.jsonl", "broken.jsonl") else 0
    toolkit.check(text.returncode == status, f"{log}: exit status {status}", text.returncode)
    long = [line for line in text.stdout.splitlines() if len(line) > 80 and " " in line.strip()]
    toolkit.check(not long or status, f"{log}: in 80 columns", long)
    compare(base + ".txt", text.stdout)
    compare(base + ".err", text.stderr)
    verbose = toolkit.run("report", "--verbose", log)
    toolkit.check("--verbose" not in verbose.stdout, f"{log}: --verbose hides no frame")
    if not status:
        continue  # the JSON of a real run is mostly its log again
    as_json = toolkit.run("report", "--json", log)
    # What is no matter of rendering: the version, and how many counters there are.
    report = json.loads(as_json.stdout)
    report["forksan"] = "VERSION"
    report["counters"] = {name: n for name, n in report["counters"].items() if n > 0}
    compare(base + ".report.json", json.dumps(report, indent=2) + "\n")

toolkit.finish()
