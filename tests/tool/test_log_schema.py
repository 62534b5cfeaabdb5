#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""docs/log.schema.json: a valid schema that agrees with the headers, with docs/log.md, and with what
forksan report takes."""

import json
import os
import re

import jsonschema

import toolkit
from toolkit import check, finding, golden_lines, log_of, run

os.chdir(toolkit.ROOT)


def unique(pairs):
    """An object whose keys do not repeat: json.load() would take the last without a word."""
    keys = [key for key, _ in pairs]
    check(len(keys) == len(set(keys)), "no key stands twice in an object", sorted(keys))
    return dict(pairs)


with open(toolkit.SCHEMA, encoding="utf-8") as file:
    schema = json.load(file, object_pairs_hook=unique)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)


def is_valid(record):
    return validator.is_valid(record)


def table(header, name):
    """The rows of a list macro: the strings after the identifier, and the last identifier."""
    with open(f"include/forksan/{header}.h", encoding="utf-8") as source:
        text = source.read()
    body = re.search(rf"#define {name}\(X\).*?(?:[^\\]\n)", text, re.DOTALL).group(0)
    return re.findall(r'X\(\s*(\w+),\s*"([^"]*)"(?:,\s*(\w+|"[^"]*"))?', body)


def names(header, name):
    return [row[1] for row in table(header, name)]


definitions = schema["$defs"]
properties = definitions["finding"]["properties"]
same = (
    ("kinds", properties["kind"]["enum"], names("finding", "FORKSAN_KINDS")),
    ("levels", properties["level"]["enum"], names("finding", "FORKSAN_LEVELS")),
    (
        "relations",
        ["none", *definitions["other"]["properties"]["relation"]["enum"]],
        names("finding", "FORKSAN_RELATIONS"),
    ),
    (
        "languages",
        definitions["frame"]["properties"]["language"]["enum"],
        names("finding", "FORKSAN_LANGUAGES"),
    ),
    (
        "classes",
        definitions["connection"]["properties"]["class"]["enum"],
        names("protocols", "FORKSAN_CLASSES"),
    ),
)
for what, here, there in same:
    check(here == there and here, f"the schema's {what} are the headers'", here, there)
levels = dict((row[0], row[1]) for row in table("finding", "FORKSAN_LEVELS"))
for _, kind, level in table("finding", "FORKSAN_KINDS"):
    good = is_valid(finding(kind=kind, level=levels[level]))
    check(good, f"{kind} has level {levels[level]}")
    for other in set(levels.values()) - {levels[level]}:
        check(not is_valid(finding(kind=kind, level=other)), f"{kind} has not level {other}")

# The page's example, and the golden logs.
with open("docs/log.md", encoding="utf-8") as page:
    blocks = re.findall(r"```json\n(.*?)```", page.read(), re.DOTALL)
check(blocks, "docs/log.md shows a record")
for record in [json.loads(block) for block in blocks] + [json.loads(line) for line in golden_lines()]:
    for error in validator.iter_errors(record):
        check(False, f"{record['record']} is valid", error.message, list(error.absolute_path))

# What is wrong for the schema is wrong for the tool, and the other way round.
DELETE = object()
summary = json.loads(golden_lines()[-1])
broken = [
    (("kind",), "haunted-use"),
    (("level",), "hazard"),
    (("repeat",), 0),
    (("repeat",), "1"),
    (("id",), "xyz"),
    (("id",), "00000000000000B0"),
    (("session",), "0" * 15),
    (("time",), "2026-11-24T08:46:50Z"),
    (("time",), "2026-11-24T08:46:50.000000001+00:00"),
    (("version",), 2),
    (("version",), DELETE),
    (("pid",), 0),
    (("pid",), "1"),
    (("ppid",), -1),
    (("text",), 3),
    (("other",), 7),
    (("other", "alive"), "yes"),
    (("other", "relation"), DELETE),
    (("operation",), []),
    (("operation", "bytes"), -1),
    (("operation", "message"), 3),
    (("history",), None),
    (("connection",), None),
    (("connection", "id"), 17),
    (("connection", "peer"), None),
    (("connection", "server_name"), 7),
    (("connection", "fd"), -1),
    (("connection", "opened_at"), "yesterday"),
    (("culprit",), None),
    (("culprit", "use"), 31),
    (("stacks", "forked"), DELETE),
    (("stacks", "opened"), [3]),
    (("stacks", "opened", 0, "line"), DELETE),
    (("stacks", "opened", 0, "file"), 1),
    (("stacks", "opened", 0, "function"), 1),
    (("stacks", "opened", -1, "offset"), None),
    (("stacks", "opened", -1, "module"), 1),
    (("stacks", "opened", -1, "build_id"), DELETE),
]
for path, value in broken:
    record = finding()
    place = record
    for key in path[:-1]:
        place = place[key]
    if value is DELETE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    what = f"{path} = {'nothing' if value is DELETE else value!r}"
    check(not is_valid(record), f"the schema refuses {what}")
    result = run("report", "-", stdin=log_of(record))
    check("broken lines: 1" in result.stdout, f"the tool refuses {what}")
for changes in (
    {"other": None},
    {"operation": None},
    {"future": {"x": 1}},
    {"connection": {"local": None, "future": 1}},
    {"connection": {"server_name": "db.example.org"}},
    {"culprit": {"opened": None, "use": None, "future": 1}},
    {"ppid": 0},
    {"certainty": "proven", "basis": None, "truncated": []},
    {"certainty": "likely", "basis": "alternation", "truncated": ["opened", "this_use"]},
    {"merged": "places"},
    {"merged": "processes"},
    {"merged": "sites"},
    {"merged": None},
    {"history": [{"pid": 1, "call": "recv", "bytes": 1, "message": None, "future": 1}]},
    {"history": [{"pid": 1, "call": "recv", "bytes": 1, "message": None, "payload": r"a \\ \x00\r"}]},
):
    record = finding(**changes)
    check(is_valid(record), f"the schema takes {changes}")
    result = run("report", "-", stdin=log_of(record))
    check("broken" not in result.stdout, f"the tool takes {changes}")

for name, value in (("certainty", "maybe"), ("merged", "all"), ("basis", 1), ("truncated", ["opened", "opened"])):
    check(not is_valid(finding(**{name: value})), f"the schema refuses {name} = {value!r}")
operation = {"pid": 7, "call": "recv", "bytes": 70, "message": None}
for payload in ("\x00", "\n", "\\", r"\q", r"\x0", "caf\u00e9", "x" * 65, "", 7):
    good = is_valid(finding(history=[dict(operation, payload=payload)]))
    check(not good, f"the schema refuses payload = {payload!r}")
history = [
    dict(operation, monotonic_ns=1_000_000),
    dict(operation, pid=8, message="GET", monotonic_ns=3_345_678, payload=r"$1\r\nx\r\n"),
]
shown = run("report", "--stacks", "-", stdin=log_of(finding(history=history))).stdout
check("      -2.345 ms      7 recv 70\n" in shown, "a history has distances", shown)
check("       0.000 ms      8 recv 70 GET: $1\\r\\nx\\r\\n\n" in shown, "and payload", shown)
shown = run("report", "-", stdin=log_of(finding(certainty="likely"))).stdout
check("(likely, not proven)" in shown, "what is only likely is shown as such", shown)
shown = run("report", "-", stdin=log_of(finding(certainty="proven"))).stdout
check("(likely" not in shown, "what is proven is shown without a word")

required = set(definitions["summary"]["properties"]["counters"]["required"])
counters = set(names("finding", "FORKSAN_COUNTERS"))
check(required <= counters, "the counters that the schema requires exist")
golden = json.loads(golden_lines()[-1])["counters"]
check(not is_valid(dict(summary, counters=dict(golden, forks=-1))), "a counter is not negative")

toolkit.finish()
