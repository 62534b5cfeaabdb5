#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan explain answers error texts; forksan suppress prints entries that forksan report takes."""

import json
import os
import re

import toolkit
from toolkit import check, finding, golden_lines, log_of, run

os.chdir(toolkit.ROOT)

# --- explain -----------------------------------------------------------------------------------
with open("tools/explain/explain.def", encoding="utf-8") as file:
    table = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
parts = []
for row in re.split(r"(?m)^(?=SYMPTOM\()", table)[1:]:
    texts = re.match(r'SYMPTOM\(((?:\s*"(?:[^"\\]|\\.)*")+)', row)[1]
    joined = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', texts)).replace('\\"', '"')
    parts += joined.split("|")
check(len(parts) >= 40, "there are texts", len(parts))
for part in parts:
    for text in (f"xx {part} yy", part.upper()):
        result = run("explain", text)
        check(result.returncode == 0 and f'"{part}"\n' in result.stdout, f"{text} is explained", result)
        long = [line for line in result.stdout.splitlines() if len(line) > 80]
        check(not long, "in 80 columns", long)
for text, meaning in (
    ("sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) SSL error: decryption failed or bad "
     "record mac", "two processes speak on one connection"),
    ("Packet sequence number wrong - got 1 expected 2", "two processes speak on one connection"),
    ('lost synchronization with server: got message type "5", length 1714972005', "type and length"),
    ("MySQL server has gone away", "a process ended the session of another"),
    ("Redis::InheritedError: Tried to use a connection from a child process without reconnecting", "driver"),
):
    result = run("explain", text)
    check(result.returncode == 0 and meaning in result.stdout, text, result.stdout)
result = run("explain", "-", stdin="fine\nORA-03113: end-of-file\nCommands out of sync; 2014\n\x00\x1b[2J\n")
check(result.returncode == 0 and result.stdout.count("may be") == 2, "a log has several", result.stdout)
check("\x1b" not in result.stdout, "nothing of it is shown but what is known")
result = run("explain", "segmentation fault")
check(result.returncode == 1 and "proves nothing" in result.stdout, "what is not known", result)
check(run("explain").returncode == 2 and run("explain", "--x").returncode == 2, "usage")
check("did you mean explain?" in run("explian").stderr, "a guess")

# --- suppress ----------------------------------------------------------------------------------
session, summary = (json.loads(golden_lines()[i]) for i in (0, -1))
records = [session, finding(), finding(like="inherited-use", id="2" * 16, connection={"protocol": "Redis"})]
log = log_of(*records, summary)
result = run("suppress", "-", stdin=log)
check(result.returncode == 0 and result.stdout.count("fingerprint:") == 2, "an entry for each bug", result)
check(result.stdout.count("\n# reason: \n") == 2, "with a line for the reason", result.stdout)
check("# TWO PROCESSES ON ONE CONNECTION (proven): MySQL" in result.stdout, "and what it is")
with toolkit.Directory() as directory:
    path = toolkit.write(os.path.join(directory, "known"), result.stdout)
    report = json.loads(run("report", "--json", "--suppressions", path, "-", stdin=log).stdout)
    check(report["bugs"] == [] and report["left_out"]["suppressed"] == 2, "they leave out all", report)
reason = run("suppress", "--reason", "ticket 42\x1b[2J\nkind:*", "-", stdin=log).stdout
check("# reason: ticket 42\\x1b[2J\\x0akind:*\n" in reason, "the reason is one line", reason)
evil = finding(connection={"peer": "a\nkind:*", "protocol": "x\nkind:*"})
evil["stacks"]["opened"][0]["function"] = "f\nkind:*"
for line in run("suppress", "-", stdin=log_of(evil)).stdout.splitlines():
    check(line[:1] in ("", "#") or line.startswith("fingerprint:"), "a log cannot add entries", line)
check(run("suppress", "README.md").returncode == 65, "a file that is no log")
check(run("suppress", "/nonexistent").returncode == 2, "no file")
check(run("suppress").returncode == 2, "usage")

toolkit.finish()
