# SPDX-License-Identifier: MIT
"""Runs storm.c and looks whether the session survived it.

Killed processes may leave half a line in the log, never more than one each; everything else holds:
the last connection that is shared by mistake is reported by the processes named "after", counters
fit what happened, nothing hangs, no registry stays.
"""

import json
import os

import chaos
from chaos import check, forksan_log


def read(path):
    """(records, broken lines)"""
    records, broken = [], 0
    with open(path, "rb") as log:
        for line in log:
            if line == b"\n":
                continue
            try:
                records.append(json.loads(line))
            except ValueError:
                broken += 1
    return records, broken


def storm(place, program, words, *, kills=0, seconds=120, lost_ok=(), needs=None, options=None,
          needs_record=None):
    """`kills`: processes that were killed at most.  `needs`: what the output says when the machine
    gave the program what it asked for; else the rest is not judged.  `needs_record`: true of one of the log's
    records.  Returns the counters."""
    what = "storm " + " ".join(words)
    bare = place.fresh(None) or place.once([program, *words], forksan_log.bare_env(),
                                           timeout=seconds)
    if bare.status != 0 or (needs and needs not in bare.out):
        print(f"not tested: {what}: bare status {bare.status}: {bare.out.strip()} {bare.err[:500]}")
        return {}
    log = place.new_log()
    result = place.once([program, *words], forksan_log.forksan_env(log.path, **(options or {})),
                        timeout=3 * seconds)
    chaos.compare.compared += 1
    check(result == bare, f"{what}: ends as without us", result)
    records, broken = read(log.path)
    check(broken <= kills, f"{what}: at most {kills} half lines", f"{broken} of {len(records)}")
    # A program that was started by one who was killed begins a session of its own; the storm's
    # counts most processes.
    summaries = [record for record in records if record["record"] == "summary"]
    check(summaries, f"{what}: a summary")
    if not summaries:
        return {}
    main = max(summaries, key=lambda record: record["counters"]["processes"])
    counters = main["counters"]
    lost = {name: n for name, n in counters.items() if n and name not in lost_ok and
            (name.startswith("lost_") or name == "stale_fds")}
    check(not lost, f"{what}: nothing lost", lost)
    after = [record for record in records if record.get("comm") == "after"
             and record["session"] == main["session"]]
    check({"shared-use"} <= {record.get("kind") for record in after}, f"{what}: what is shared afterwards is reported", f"{len(after)} records", counters)
    check(not needs_record or any(map(needs_record, records)), f"{what}: the record that it is about")
    check(counters["processes"] > counters["forks"] >= 2, f"{what}: processes and forks",
          counters)
    sessions = {record["session"] for record in records}
    place.sweep(sessions)
    left = [name for session in sessions for name in chaos.compare.registries(session)]
    check(not left, f"{what}: no registry left behind", left)
    return counters


def build(place):
    return os.path.join(place.path, "storm") if os.path.exists(
        os.path.join(place.path, "storm")) else place.build("storm.c")
