#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan report groups and counts right, and within its bounds."""

import os
import random
import subprocess

import toolkit
from toolkit import check, finding, json_report, log_of, run


def counts(*records):
    return [(group["kind"], group["count"]) for group in json_report(*records)["groups"]]


# One finding is counted by its highest repeat, in whatever order its lines come.
ladder = [finding(repeat=n) for n in (1, 10, 100, 1000)]
check(counts(*ladder) == [("shared-use", 1000)], "a ladder counts once", counts(*ladder))
check(counts(*reversed(ladder)) == [("shared-use", 1000)], "in any order")
check(counts(*ladder, *ladder) == [("shared-use", 1000)], "and read twice")
check(
    counts(finding(repeat=10), finding(repeat=10, session="1" * 16)) == [("shared-use", 20)],
    "the same id in another session is another finding",
)
check(
    counts(finding(repeat=7), finding(repeat=5, id="1" * 16)) == [("shared-use", 12)],
    "another id at the same lines joins the group",
)

# Groups: kind, opened, use.
report = json_report(
    finding(id="1" * 16),
    finding(id="2" * 16, culprit={"use": "/srv/other.py:1"}),
    finding(id="3" * 16, culprit={"opened": "/srv/other.py:2"}),
    finding(id="4" * 16, culprit={"use": "/srv/other.py:1"}, pid=999),
)
check(len(report["groups"]) == 3, "three pairs of sites are three groups", report["groups"])
check(report["groups"][0]["count"] == 2, "the most frequent group comes first")
check(999 in report["groups"][0]["pids"], "and names all its processes")

order = json_report(
    finding(like="open-at-fork", repeat=1000),
    finding(like="inherited-use", repeat=100, id="1" * 16),
    finding(like="shared-use", repeat=10, id="2" * 16),
    finding(like="crossed-reply", repeat=1, id="3" * 16),
)
kinds = [group["kind"] for group in order["groups"]]
check(
    kinds == ["crossed-reply", "shared-use", "inherited-use", "open-at-fork"],
    "the most harmful kind comes first",
    kinds,
)

# Without culprit: the innermost frame that says something.
native = {"language": "native", "function": None, "build_id": None}
stack = [
    dict(native, function="send", module="/lib/libc.so.6", offset=1),
    dict(native, module="/usr/lib/libpq.so.5", offset=0x10),
    dict(native, function="PQexec", module="/usr/lib/libpq.so.5", offset=0x20),
]
empty = {"opened": [], "forked": [], "other_use": [], "this_use": []}


def use_site(frames):
    record = finding(stacks=dict(empty, this_use=frames), culprit={"opened": None, "use": None})
    return json_report(record)["groups"][0]["use"]


check(use_site(stack) == "PQexec (libpq.so.5)", "libc says nothing", use_site(stack))
check(use_site(stack[:2]) == "libpq.so.5+0x10", "module and offset without a name")
check(use_site([]) == "unknown place", "an empty stack is an unknown place")
ruby = {"language": "ruby", "function": "query", "file": "/srv/a.rb", "line": 3}
check(use_site([ruby, *stack]) == "/srv/a.rb:3", "an interpreter's frame says most")

# First and last time, whatever the order of lines.
times = [f"2026-11-24T08:46:{second:02d}.000000000Z" for second in (30, 10, 20)]
group = json_report(*(finding(time=time, id=f"{i:016x}") for i, time in enumerate(times)))
group = group["groups"][0]
check((group["first"], group["last"]) == (times[1], times[0]), "first and last time", group)

# The example is the one with most stacks.
bare = finding(id="1" * 16, stacks=dict(empty), text="bare")
group = json_report(bare, finding(id="2" * 16, text="rich"))["groups"][0]
check(group["example"]["text"] == "rich", "the example shows most stacks")

# But proof is worth more than stacks.
likely = finding(id="3" * 16, text="likely", certainty="likely")
proven = finding(id="4" * 16, text="proven", certainty="proven", stacks=dict(empty))
for order in ((likely, proven), (proven, likely)):
    group = json_report(*order)["groups"][0]
    check(group["example"]["text"] == "proven", "the example is one that is proven")

# Sessions and their counters.
summary = {
    "record": "summary",
    "version": 1,
    "time": times[0],
    "session": "a" * 16,
    "pid": 1,
    "counters": {"forks": 3},
}
report = json_report(
    dict(summary, counters={"forks": 5}), summary, dict(summary, session="b" * 16), finding()
)
check(report["counters"]["forks"] == 8, "the highest count of each session stands")
check(report["sessions"] == 3 and report["sessions_without_summary"] == 1, "sessions are told")

# --- bounds -----------------------------------------------------------------------------------

many = [finding(like="open-at-fork", id=f"{i:016x}", culprit={"use": f"/a:{i}"}) for i in range(1100)]
report = json_report(*many, finding(id="f" * 16))
check(len(report["groups"]) == 1024, "groups are bounded", len(report["groups"]))
check(report["groups"][0]["kind"] == "shared-use", "a violation always finds a place")
check(report["seen"] == {"notice": 1100, "hazard": 0, "violation": 1}, "all are counted")
check(report["ungrouped"] == 77, "and what is not shown as well", report["ungrouped"])

pids = json_report(*(finding(pid=1000 + i, id=f"{i:016x}") for i in range(100)))["groups"][0]
check(len(pids["pids"]) == 16 and pids["more_pids"], "pids are bounded")

peers = json_report(finding(), finding(id="1" * 16, connection={"peer": "[::1]:3306"}))
check(peers["groups"][0]["more_peers"], "other peers are mentioned")

long_line = log_of(finding(text="x" * (3 << 20))) + log_of(finding())
result = run("report", "-", stdin=long_line)
check(
    "stdin:1: expected a line of at most 1048576 bytes" in result.stderr
    and result.stderr.count("\n") == 1
    and "2 lines," in result.stdout
    and "seen at least, repeats included: 1 violation," in result.stdout,
    "a line that is too long is broken as a whole, the next is read",
    result.stderr,
    result.stdout,
)
result = run("report", "-", stdin="x\n" * 250 + log_of(finding()))
check(result.stderr.count("\n") == 4, "before the first record few broken lines are named")
check("247 more broken lines" in result.stderr, "and the rest counted", result.stderr)
result = run("report", "-", stdin=log_of(finding()) + "x\n" * 250)
check(result.stderr.count("\n") == 101, "at most 100 broken lines are named")
check("150 more broken lines" in result.stderr, "and the rest counted")
check("broken lines: 250" in result.stdout, "in the totals all of them")

# A finding's JSON may be any: broken lines are broken, never a crash.
seed = random.randrange(1 << 32)
print(f"seed {seed}")
rng = random.Random(seed)
text = log_of(finding()).encode()
garbled = b""
for _ in range(300):
    line = bytearray(text)
    for _ in range(rng.randrange(1, 5)):
        line[rng.randrange(len(line))] = rng.randrange(256)
    garbled += bytes(line)
result = subprocess.run(
    [toolkit.FORKSAN, "report", "-"], input=garbled, capture_output=True, check=False
)
check(result.returncode == 67, f"garbled lines are no failure (seed {seed})", result.returncode)

# 300 000 different findings, more than are remembered, in constant memory.
TEMPLATE = log_of(finding(id="@ID@", repeat=7777, stacks=dict(empty)))
with toolkit.Directory() as directory:
    path = os.path.join(directory, "big.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        for repeat, step in ((1, 1), (10, 10)):
            text = TEMPLATE.replace('"repeat": 7777', f'"repeat": {repeat}')
            for i in range(0, 300_000, step):
                file.write(text.replace("@ID@", f"{i:016x}"))
    size = os.path.getsize(path)
    # 64 MiB of examples may be kept; here there is one.
    limit = "" if toolkit.is_sanitized() else "ulimit -v 131072; "
    result = run("-c", f'{limit}exec "$@"', "sh", toolkit.FORKSAN, "report", "--json", path, program="/bin/sh")
check(result.returncode == 67, f"{size >> 20} MiB in constant memory", result.stderr)
check('"violation": 570000' in result.stdout, "and counted exactly")

toolkit.finish()
