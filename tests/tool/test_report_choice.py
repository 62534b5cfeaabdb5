#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a reader of forksan report chooses to see: filters, one bug, a baseline, suppressions, colours."""

import json
import os
import pty
import re
import subprocess

import toolkit
from toolkit import check, finding, golden_lines, log_of, run

os.chdir(toolkit.ROOT)
SESSION = json.loads(golden_lines()[0])
SUMMARY = json.loads(golden_lines()[-1])
SUMMARY["counters"].update(io_uring=0, notices=0, hazards=0, violations=0)
# Three bugs: MySQL, Redis, PostgreSQL.
mysql = finding(id="1" * 16, time="2026-11-24T08:46:50.000000000Z")
redis = finding(like="inherited-use", id="2" * 16, time="2026-11-24T09:00:00.000000000Z", pid=77,
                connection={"protocol": "Redis", "class": "cache", "peer": "10.1.2.3:6379"})
postgresql = finding(like="open-at-fork", id="3" * 16, connection={"protocol": "PostgreSQL"})
ALL = (SESSION, mysql, redis, postgresql, SUMMARY)


def report(*arguments, records=ALL, status=0):
    result = run("report", "--json", *arguments, "-", stdin=log_of(*records))
    check(result.returncode == status, f"{arguments}: status {status}", result)
    return json.loads(result.stdout) if result.stdout else None


def protocols(*arguments, **more):
    return [bug["protocol"] for bug in report(*arguments, **more)["bugs"]]


check(protocols() == ["MySQL", "Redis", "PostgreSQL"], "three bugs", protocols())
for arguments, expected in (
    (["--top", "2"], ["MySQL", "Redis"]),
    (["--bug", "2"], ["Redis"]),
    (["--kind", "inherited-use"], ["Redis"]),
    (["--kind", "inherited-use", "--kind=shared-use"], ["MySQL", "Redis"]),
    (["--peer", "10.1.2."], ["Redis"]),
    (["--pid", "77"], ["Redis"]),
    (["--since", "2026-11-24T09"], ["Redis"]),
    (["--since", "2027"], []),
):
    check(protocols(*arguments) == expected, f"{arguments}", protocols(*arguments))
check(report("--kind", "shared-use")["left_out"]["filtered"] == 2, "what filters leave out is counted")
fingerprints = [bug["fingerprint"] for bug in report()["bugs"]]
check(protocols("--bug", fingerprints[2][:8]) == ["PostgreSQL"], "a bug by its fingerprint")
for wrong, text in (
    (["--bug", "4"], "from 1 to 3"),
    (["--bug", "zzz"], "found zzz"),
    (["--kind", "shared-us"], "did you mean shared-use?"),
    (["--pid", "x"], "--pid: expected a number above 0"),
    (["--top", "0"], "--top: expected a number above 0"),
    (["--since", "yesterday"], "UTC time"),
):
    result = run("report", *wrong, "-", stdin=log_of(*ALL))
    check(result.returncode == 2 and text in result.stderr, f"{wrong}: {text}", result)

# A gate judges what was chosen.
report("--fail-on", "violation", status=66)
report("--fail-on", "violation", "--kind", "inherited-use")

# -q: the verdict alone.
quiet = run("report", "-q", "-", stdin=log_of(*ALL)).stdout
check(quiet == "verdict: 3 bugs (1 violation, 1 hazard, 1 notice) found, nothing missed\n"
      "complete: true\n", "-q prints the verdict", quiet)

with toolkit.Directory() as directory:
    def file(name, text):
        return toolkit.write(os.path.join(directory, name), text)

    # The bug of the baseline ran in another session, with other pids, from another directory.
    old = json.loads(json.dumps(mysql).replace("/srv/", "/home/me/src/"))
    old.update(session="e" * 16, pid=5, id="9" * 16)
    old["connection"].update(id="77", peer="[::1]:13306")
    baseline = file("old.jsonl", log_of(SESSION, old, dict(SUMMARY, session="e" * 16)))
    check(protocols("--baseline", baseline) == ["Redis", "PostgreSQL"], "a known bug is left out")
    check(report("--baseline", baseline)["left_out"]["known"] == 1, "and counted")
    report("--baseline", baseline, "--fail-on", "violation")
    report("--baseline", baseline, "--fail-on", "hazard", status=66)
    text = run("report", "--baseline", baseline, "-", stdin=log_of(*ALL)).stdout
    check("known from the baseline: 1 bug\n" in text, "the text says so", text)
    for wrong, status in (("/nonexistent", 2), ("README.md", 65)):
        result = run("report", "--baseline", wrong, "--fail-on", "violation", "-", stdin=log_of(*ALL))
        check(result.returncode == status and not result.stdout, f"{wrong} is no baseline", result)

    # Suppressions: all words of an entry fit, any frame of any stack.
    for entry, left in (
        (f"fingerprint:{fingerprints[0]}", ["Redis", "PostgreSQL"]),
        (f"fingerprint:{fingerprints[0][:8]}*", ["Redis", "PostgreSQL"]),
        ("kind:open-at-fork", ["MySQL", "Redis"]),
        ("class:cache", ["MySQL", "PostgreSQL"]),
        ("protocol:Postgre*", ["MySQL", "Redis"]),
        ("peer:10.1.2.3:6379", ["MySQL", "PostgreSQL"]),
        ("file:/srv/app.py", ["Redis"]),
        ("file:/srv/app.py kind:shared-use", ["Redis", "PostgreSQL"]),
        ("function:lookup", ["Redis", "PostgreSQL"]),
        ('function:"pg::Connector::open(std::string const&)"', ["MySQL", "PostgreSQL"]),
        ("module:*/libc.so.?", ["Redis"]),
        ("kind:shared-use protocol:Redis", ["MySQL", "Redis", "PostgreSQL"]),
        ("# kind:*", ["MySQL", "Redis", "PostgreSQL"]),
        ("", ["MySQL", "Redis", "PostgreSQL"]),
    ):
        found = protocols("--suppressions", file("s", entry + "\n"))
        check(found == left, f"{entry} leaves {left}", found)
    suppressions = file("s", "# known\nkind:shared-use\nclass:broker\n")
    check(report("--suppressions", suppressions)["left_out"]["suppressed"] == 1, "counted")
    report("--suppressions", suppressions, "--fail-on", "violation")
    text = run("report", "--suppressions", suppressions, "-", stdin=log_of(*ALL)).stdout
    check("suppressed: 1 record\n" in text, "the text counts", text)
    check(f"suppression never used: {suppressions}:3: class:broker\n" in text, "and names", text)
    for line, text in (
        ("knd:shared-use", "s:1: expected WHAT:PATTERN, found knd:shared-use; did you mean kind:?"),
        ("shared-use", "found shared-use"),
        ("kind:", "expected WHAT:PATTERN"),
        ('function:"open', "expected WHAT:PATTERN"),
        ("kind:" + "x" * 600, "expected WHAT:PATTERN"),
    ):
        result = run("report", "--suppressions", file("s", line + "\n"), "-", stdin=log_of(*ALL))
        check(result.returncode == 2 and text in result.stderr, f"{line} is wrong", result.stderr)
    result = run("report", "--suppressions", "/nonexistent", "-", stdin=log_of(*ALL))
    check(result.returncode == 2, "there are no suppressions", result)

    # 80 columns, also with long names; colours where there is a terminal.
    long = finding(connection={"peer": "/very/long/" + "d/" * 60 + "s.sock"}, text="word " * 60)
    path = file("log.jsonl", log_of(SESSION, mysql, long, redis, SUMMARY))
    for line in run("report", path).stdout.splitlines():
        whole = " " not in line.strip() or "/very/long" in line
        check(len(line) <= 80 or whole, "a line fits", line)

    def on_terminal(**environment):
        master, slave = pty.openpty()
        env = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
        env["PAGER"] = "cat"
        subprocess.run([toolkit.FORKSAN, "report", path], stdout=slave, check=False,
                       env=dict(env, **environment))
        os.close(slave)
        text = b""
        try:
            while chunk := os.read(master, 65536):
                text += chunk
        except OSError:
            pass
        os.close(master)
        return text.decode()

    shown = on_terminal(TERM="xterm")
    check("\x1b[1;31mTWO PROCESSES" in shown and "\x1b[0m" in shown, "a violation is red", shown)
    for environment in ({"TERM": "dumb"}, {}, {"TERM": "xterm", "NO_COLOR": "1"}):
        check("\x1b" not in on_terminal(**environment), f"no colours with {environment}")
    check("\x1b" not in run("report", path).stdout, "nor in a pipe")

# No frame of an importer, of libc or of an interpreter is on a screen.
screen = run("report", "tests/golden/founding.jsonl").stdout
noise = re.findall(r"importlib|_PyEval|libc\.so|__libc_start|Py_Bytes", screen)
check(not noise, "no machinery on the screen", noise)

toolkit.finish()
