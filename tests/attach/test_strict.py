#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan attach in strict mode: of two siblings the second is aborted before its bytes move, and who is innocent
goes on; where the kernel has no call refused, a sentence says so, and all is reported."""

import os

import attaching
from attaching import attach, kinds
from toolkit import check, finish

attaching.need()
PROGRAM = attaching.program()
os.environ["FORKSAN_OPTIONS"] = "mode=strict"


def actions(log):
    return [record.get("action") for record in log.findings(kind="shared-use")]


def mode(log):
    return [record for record in log.records if record["record"] == "session"][0]["mode"]


log, result = attach(PROGRAM, "siblings", status=66)
is_refused = "strict mode needs the library in the program" in result.stderr
for way in ("siblings", "thief"):
    log, result = attach(PROGRAM, way, status=66)
    check("shared-use" in kinds(log), f"{way}: the finding", kinds(log), result.stderr)
    if is_refused:
        check("reported, not stopped" in result.stderr and mode(log) == "warn" and not any(actions(log)),
              f"{way}: it says that nothing is stopped, and stops nothing", result.stderr, actions(log))
        check("the second: went on" in result.stdout, f"{way}: the process goes on", result.stdout)
        continue
    check(result.stdout == "the second: aborted\nthe first: undisturbed\n", f"{way}: stopped before its bytes",
          result.stdout, result.stderr)
    check(actions(log) == ["aborted"] and mode(log) == "strict", f"{way}: the finding says so", actions(log), mode(log))
# An innocent process, which reads what came after a child's goodbye.
for way in ("waiter", "poller"):
    log, result = attach(PROGRAM, way, status=66)
    check("foreign-goodbye" in kinds(log) and "shared-use" not in kinds(log) and
          result.stdout == "the bystander: undisturbed\n", f"{way}: goes on", kinds(log), result.stdout, result.stderr)
if is_refused:
    print(f"not tested: calls that are refused, for this kernel does not let that be ({result.stderr.splitlines()[0]})")
log, result = attach(PROGRAM, "clean", status=0)
check(not kinds(log), "what is sound goes on", kinds(log), result.stderr)
finish()
