#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan report shows a log of version 2, whose stacks stand once, as it shows one of version 1."""

import copy
import hashlib
import json
import re

import jsonschema

import toolkit
from toolkit import check, golden_lines, json_report, log_of, run

with open(toolkit.SCHEMA, encoding="utf-8") as file:
    validator = jsonschema.Draft202012Validator(json.load(file))


def version_2(records):
    """The same log as version 2 has it."""
    known = set()
    seq = 0

    def common(record):
        nonlocal seq
        seq += 1
        return {**record, "version": 2, "seq": seq, "host": "web1", "labels": {"env": "prod"}}

    for record in records:
        record = copy.deepcopy(record)
        if record["record"] == "finding":
            fingerprint = json_report(record)["bugs"][0]["fingerprint"]
            ids = {}
            for name, frames in record["stacks"].items():
                ids[name] = hashlib.sha256(json.dumps(frames).encode()).hexdigest()[:16] if frames else None
                if frames and ids[name] not in known:
                    known.add(ids[name])
                    yield common({
                        **{key: record[key] for key in ("time", "session", "pid")},
                        "record": "stack", "id": ids[name], "frames": frames, "truncated": False,
                    })
                record["stacks"][name] = frames[:1]
            record.update(stack_ids=ids, fingerprint=fingerprint)
        elif record["record"] == "summary":
            record.update(complete=True, incomplete_because=[], final=True)
        yield common(record)


def with_culprits(record):
    """The record with its culprits' frames in the stacks: a log of version 1 may have cut them off."""
    for name, stack in (("opened", "opened"), ("use", "this_use")):
        culprit = record.get("culprit", {}).get(name)
        if culprit and record["stacks"][stack]:
            file, line = culprit.rsplit(":", 1)
            frame = {"language": "python", "function": None, "file": file, "line": int(line)}
            if not any(f.get("file") == file and f.get("line") == int(line) for f in record["stacks"][stack]):
                record["stacks"][stack].insert(0, frame)
    return record


old = [with_culprits(json.loads(line)) for line in golden_lines()]
new = list(version_2(old))
check(len(new) > len(old), "there are stack records")
for record in new:
    check(validator.is_valid(record), f"the schema takes {record['record']} of version 2")


def as_before(arguments):
    before = run("report", *arguments, "-", stdin=log_of(*old))
    after = run("report", *arguments, "-", stdin=log_of(*new))
    return before, after


for arguments in ((), ("--json",)):
    before, after = as_before(arguments)
    check(before.returncode == after.returncode, f"report {arguments} has the same exit status")
    if arguments:
        shown = [json.loads(result.stdout) for result in (before, after)]
        for report in shown:
            report.pop("lines")
            for kind in [kind for bug in report["bugs"] for kind in bug["kinds"]]:
                for name in ("version", "seq", "host", "labels", "stack_ids", "fingerprint"):
                    kind["example"].pop(name, None)
        check(shown[0] == shown[1], "report --json says the same", *shown)
    else:
        shown = [re.sub(r"^Read: \d+ lines", "N lines", result.stdout, flags=re.MULTILINE)
                 for result in (before, after)]
        check(shown[0] == shown[1], "report says the same", *shown)

# Findings that show the same frames of different stacks keep their own.
frames = [{"language": "python", "function": f"f{i}" * 30, "file": "/usr/lib/python3/x.py", "line": i}
          for i in range(1, 12)]
shown = [dict(record, id=f"{i:016x}", stacks={**record["stacks"], "this_use": frames[:10]},
              culprit={"opened": None, "use": None},
              stack_ids={**record["stack_ids"], "this_use": f"{i:016x}"})
         for i, record in enumerate(2 * [next(r for r in new if r.get("kind") == "shared-use")])]
own = {"language": "python", "file": "/srv/own.py", "line": 1}
stacks = [{**stack_of, "id": f"{i:016x}", "frames": [*frames, dict(own, function=f"own{i}")]}
          for i, stack_of in enumerate(2 * [next(r for r in new if r["record"] == "stack")])]
text = "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in (*stacks, *shown))
bug, = json.loads(run("report", "--json", "-", stdin=text).stdout)["bugs"]
functions = [use["function"] for use in bug["used"]]
check({"own0", "own1"} <= set(functions), "each has its own stack", functions)

# Without its stack record a finding shows the frames that it has.
alone = [record for record in new if record["record"] != "stack"]
result = run("report", "-", stdin=log_of(*alone))
check(result.returncode == run("report", "-", stdin=log_of(*old)).returncode, "stacks may be missing")

for name in ("seq", "host", "labels", "fingerprint", "stack_ids"):
    record = next(dict(record) for record in new if record["record"] == "finding")
    del record[name]
    check(not validator.is_valid(record), f"the schema wants {name}")
    shown = run("report", "-", stdin=log_of(record)).stdout
    check("broken lines: 1" in shown, f"the tool wants {name}", shown)
stack = next(record for record in new if record["record"] == "stack")
for broken in ({"id": 1}, {"frames": None}, {"frames": [1]}, {"seq": 0}):
    check(not validator.is_valid({**stack, **broken}), f"the schema refuses a stack with {broken}")
    shown = run("report", "-", stdin=log_of({**stack, **broken})).stdout
    check("broken lines: 1" in shown, f"the tool refuses a stack with {broken}", shown)

toolkit.finish()
