#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan report groups and counts right, and within its bounds."""

import json
import os
import random
import subprocess

import toolkit
from toolkit import check, finding, json_report, log_of, run


def bugs_of(*records):
    return json_report(*records)["bugs"]


def counts(*records):
    return [(bug["kind"], bug["count"]) for bug in bugs_of(*records)]


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
    "another id of the same bug is evidence of it",
)

# A goodbye that is likely heads what follows from it, and nothing else.
ids = {"opened": "1" * 16, "forked": "2" * 16, "other_use": None, "this_use": "3" * 16}
bye = finding(kind="foreign-goodbye", id="a" * 16, certainty="likely", pid=7, stack_ids=ids)
after = finding(id="b" * 16, other={"pid": 7}, stack_ids={**ids, "other_use": "3" * 16, "this_use": "4" * 16})
beside = finding(id="c" * 16, other={"pid": 8}, stack_ids=after["stack_ids"])
for records, head in (((bye, after), "foreign-goodbye"), ((bye, after, beside), "shared-use"),
                      ((bye, beside), "shared-use"), ((after,), "shared-use")):
    check([bug["kind"] for bug in bugs_of(*records)] == [head], f"{len(records)} findings are a {head}")

# A bug is where the connection was opened, its protocol, and where the fork was.
kinds = ["open-at-fork", "inherited-use", "shared-use", "foreign-goodbye", "crossed-reply"]
native = {"language": "native", "function": None, "build_id": None}
fork = [{"language": "python", "function": "start", "file": "/srv/pool.py", "line": 7}]
opened = [{"language": "python", "function": "connect", "file": "/srv/db.py", "line": 3}]
empty = {"opened": [], "forked": [], "other_use": [], "this_use": []}
nowhere = {"opened": None, "use": None}
level = {"open-at-fork": "notice", "inherited-use": "hazard"}


def made(number, kind="shared-use", opened=opened, forked=fork, **changes):
    stacks = dict(empty, opened=opened, forked=forked, this_use=changes.pop("this_use", []))
    return finding(id=f"{number:016x}", kind=kind, level=level.get(kind, "violation"),
                   stacks=stacks, culprit=nowhere, **changes)


def moved(stack, **changes):
    return [dict(frame, **changes) for frame in stack]


one = made(1)
same = (
    ("another kind", [made(2 + i, kind) for i, kind in enumerate(kinds)]),
    ("another line", [made(2, opened=moved(opened, line=99), forked=moved(fork, line=98))]),
    ("another directory", [made(2, opened=moved(opened, file="/opt/v2/db.py"))]),
    ("another place of use", [made(2, this_use=moved(fork, function="use"))]),
    ("another process", [made(2, pid=999, connection={"opened_by": 7})]),
    ("another run", [made(1, session="1" * 16, connection={"peer": "[::1]:3306", "id": "9"})]),
)
for what, others in same:
    found = bugs_of(one, *others)
    check(len(found) == 1, f"{what} is the same bug", found)
    alone = bugs_of(*others)
    check(alone[0]["fingerprint"] == found[0]["fingerprint"], f"{what}: the same fingerprint")
different = (
    ("another function", made(2, opened=moved(opened, function="main"))),
    ("another file", made(2, opened=moved(opened, file="/srv/cache.py"))),
    ("another fork", made(2, forked=moved(fork, function="again"))),
    ("another protocol", made(2, connection={"protocol": "Redis", "class": "cache"})),
)
for what, other in different:
    found = bugs_of(one, other)
    check(len({bug["fingerprint"] for bug in found}) == 2, f"{what} is another bug", found)

# The headline is the worst that is proven; what is only likely stays evidence.
order = [made(1 + i, kind) for i, kind in enumerate(kinds)]
for i, kind in enumerate(kinds):
    check(counts(*order[: i + 1]) == [(kind, i + 1)], f"{kind} is worse than those before it")
likely = made(9, "crossed-reply", certainty="likely")
bug, = bugs_of(likely, made(1, certainty="proven"))
check((bug["kind"], bug["proven"]) == ("shared-use", True), "proof comes first", bug["kind"])
bug, = bugs_of(likely)
check((bug["kind"], bug["proven"]) == ("crossed-reply", False), "where there is any", bug["kind"])

report = json_report(
    finding(like="open-at-fork", repeat=1000, connection={"protocol": "Redis"}),
    finding(like="inherited-use", repeat=100, id="1" * 16, connection={"protocol": "LDAP"}),
    finding(like="shared-use", repeat=10, id="2" * 16, connection={"protocol": "Kafka"}),
    finding(like="crossed-reply", repeat=1, id="3" * 16, connection={"protocol": "AMQP"}),
)
kinds = [bug["kind"] for bug in report["bugs"]]
check(
    kinds == ["crossed-reply", "shared-use", "inherited-use", "open-at-fork"],
    "the most harmful bug comes first",
    kinds,
)

# Sites: the application's own frame, else the innermost that says something.
gems = {"language": "ruby", "function": "query", "file": "/usr/share/gems/pg/lib/pg.rb", "line": 3}
ruby = {"language": "ruby", "function": "work", "file": "/srv/a.rb", "line": 3}
pq = "/usr/lib/libpq.so.5"
stack = [
    dict(native, function="send", module="/lib/libc.so.6", offset=1),
    dict(native, module=pq, offset=0x10),
    dict(native, function="PQexec", module=pq, offset=0x20),
]
program = dict(native, function="ask", module="/srv/job", offset=0x30)
for frames, text in (
    (stack, "PQexec (libpq.so.5)"),
    (stack[:2], "libpq.so.5+0x10"),
    (stack[:1], "unknown place"),
    ([], "unknown place"),
    ([*stack, program], "ask (job)"),
    ([*stack, dict(program, function=None)], "job+0x30"),
    ([*stack, dict(native, module="/usr/bin/psql", offset=1)], "PQexec (libpq.so.5)"),
    ([*stack, dict(program, module="/usr/bin/psql")], "ask (psql)"),
    ([*stack, dict(native, function="exit", module="/lib/libc.so.6", offset=1)],
     "at exit, in PQexec (libpq.so.5)"),
    ([*stack[:2], dict(native, function="php_request_shutdown", module="/usr/bin/php8.2", offset=9)],
     "at exit, in libpq.so.5"),
    ([gems, *stack, program], "pg/lib/pg.rb:3 query"),
    ([gems, ruby, *stack], "/srv/a.rb:3 work"),
):
    site = bugs_of(made(1, this_use=frames))[0]["used"][0]
    check(site["text"] == text, f"{text} is the site", site)
imported = [
    {"language": "python", "function": "<module>", "file": "/srv/db.py", "line": 11},
    {"language": "python", "function": "_load", "file": "<frozen importlib._bootstrap>", "line": 1},
    {"language": "python", "function": "<module>", "file": "/srv/settings.py", "line": 4},
    {"language": "python", "function": "<module>", "file": "/srv/wsgi.py", "line": 2},
]
site = bugs_of(made(1, opened=imported))[0]["opened"]
check((site["from"], site["at_import"]) == ("/srv/settings.py:4", True), "the way in", site)

# Uses: places with their processes.
bug, = bugs_of(made(1, this_use=[ruby]), made(2, this_use=[ruby], pid=999), made(3, this_use=stack))
check([use["text"] for use in bug["used"]] == ["/srv/a.rb:3 work", "PQexec (libpq.so.5)"], "places")
check(999 in bug["used"][0]["pids"] and 999 in bug["pids"], "and processes", bug)

# First and last time, whatever the order of lines.
times = [f"2026-11-24T08:46:{second:02d}.000000000Z" for second in (30, 10, 20)]
bug, = bugs_of(*(finding(time=time, id=f"{i:016x}") for i, time in enumerate(times)))
check((bug["first"], bug["last"]) == (times[1], times[0]), "first and last time", bug)

# The example of a kind is the one with most stacks, and of those the one with the longest history.
stacks = finding()["stacks"]
bare = finding(id="1" * 16, stacks=dict(stacks, this_use=[], other_use=[]), text="bare")
bug, = bugs_of(bare, finding(id="2" * 16, text="rich"))
check(bug["kinds"][0]["example"]["text"] == "rich", "the example shows most stacks")

# But proof is worth more than stacks.
likely = finding(id="3" * 16, text="likely", certainty="likely")
proven = dict(bare, text="proven", certainty="proven")
for order in ((likely, proven), (proven, likely)):
    bug, = bugs_of(*order)
    check(bug["kinds"][0]["example"]["text"] == "proven", "the example is one that is proven")

# Stacks that are repeated to the byte are parsed once, and come out as if they were not.
def compact(*records):
    return "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)


def as_json(text):
    result = run("report", "--json", "-", stdin=text)
    report = json.loads(result.stdout)
    return report, result.stderr


odd = finding()
odd["stacks"]["this_use"] *= 4
odd["stacks"]["this_use"][0] = dict(odd["stacks"]["this_use"][0], file='/srv/}{"\\', function='"stacks":{')
lines = [dict(odd, id=f"{i:016x}", text=f"text {i}", certainty="likely") for i in range(5)]
fast, slow = as_json(compact(*lines)), as_json(log_of(*lines))
check(fast == slow and fast[0]["bugs"][0]["findings"] == 5, "the same report", fast, slow)
broken = json.loads(json.dumps(odd))
broken["stacks"]["this_use"][1]["line"] = "x"
report, err = as_json(compact(broken, odd, broken, odd))
check(report["broken_lines"] == 2 and err.count("expected line to be an integer") == 2, "broken twice", err)
inner = json.loads(json.dumps(odd))
inner["connection"]["stacks"] = inner.pop("stacks")
report, _ = as_json(compact(odd, inner, odd, dict(inner, stacks=0)))
check(report["broken_lines"] == 2, "stacks of another object are none", report["broken_lines"])
report, _ = as_json(compact(odd) + compact(odd)[: len(compact(odd)) // 2])
check(report["broken_lines"] == 1, "a line that ends within its stacks is broken")

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

many = [made(i, "open-at-fork", opened=moved(opened, function=f"f{i}")) for i in range(1100)]
report = json_report(*many, finding(id="f" * 16))
check(len(report["bugs"]) == 1024, "bugs are bounded", len(report["bugs"]))
check(report["bugs"][0]["kind"] == "shared-use", "a violation always finds a place")
check(report["seen"] == {"notice": 1100, "hazard": 0, "violation": 1}, "all are counted")
check(report["without_room"] == 77, "and what is not shown as well", report["without_room"])

bug, = bugs_of(*(finding(pid=1000 + i, id=f"{i:016x}") for i in range(100)))
check(len(bug["pids"]) == 16 and bug["more_pids"], "pids are bounded")
check(len(bug["used"][0]["pids"]) == 16, "of a place, too")
bug, = bugs_of(*(made(i, this_use=moved(fork, line=i + 1)) for i in range(100)))
check(len(bug["used"]) == 6 and bug["more_uses"] == 94, "places are bounded", bug["more_uses"])
bug, = bugs_of(*(finding(id=f"{i:016x}", connection={"id": f"{i:x}"}) for i in range(100)))
check((bug["connections"], bug["more_connections"]) == (32, True), "connections are bounded")

peers = json_report(finding(), finding(id="1" * 16, connection={"peer": "[::1]:3306"}))
check(peers["bugs"][0]["more_peers"], "other peers are mentioned")

long_line = log_of(finding(text="x" * (3 << 20))) + log_of(finding())
result = run("report", "-", stdin=long_line)
check(
    "stdin:1: expected a line of at most 1048576 bytes" in result.stderr
    and result.stderr.count("\n") == 1
    and "Read: 2 lines, 1 session" in result.stdout
    and "verdict: 1 bug (1 violation) found" in result.stdout,
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
    # 24 MiB of examples may be kept; here there is one.
    limit = "" if toolkit.is_sanitized() else "ulimit -v 131072; "
    result = run("-c", f'{limit}exec "$@"', "sh", toolkit.FORKSAN, "report", "--json", path, program="/bin/sh")
check(result.returncode == 67, f"{size >> 20} MiB in constant memory", result.stderr)
check('"violation": 570000' in result.stdout, "and counted exactly")

toolkit.finish()
