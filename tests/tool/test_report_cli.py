#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How the tool is called: exit statuses, options, help, and guesses at mistyped words."""

import os
import subprocess

import toolkit
from toolkit import check, finding, log_of, run

os.chdir(toolkit.ROOT)
FOUNDING = "tests/golden/founding.jsonl"


def status(expected, *arguments, **more):
    result = run(*arguments, **more)
    check(
        result.returncode == expected,
        f"forksan {' '.join(arguments)}: exit status {expected}",
        result.returncode,
        result.stderr,
    )
    return result


missing = status(2, "report", "/nonexistent/log", FOUNDING)
check("/nonexistent/log: No such file" in missing.stderr, "names the file it cannot open")
check("WRONG ANSWERS SEEN" in missing.stdout, "reads the other files all the same")
status(66, "report", "--fail-on", "violation", FOUNDING, "/nonexistent/log")
status(2, "report")

wrong = status(2, "report", "--fail-on", "violations", FOUNDING)
for word, verb in (("record", "run"), ("exec", "run"), ("show", "report"), ("reprot", "report"), ("rnu", "run")):
    check(f"unknown verb {word}; did you mean {verb}?" in status(2, word).stderr, f"guesses at {word}")
check("did you mean violation?" in wrong.stderr, "guesses at a level", wrong.stderr)
wrong = status(2, "report", "--jsn", FOUNDING)
check("did you mean --json?" in wrong.stderr, "guesses at an option", wrong.stderr)
wrong = status(2, "report", "--entirely-else", FOUNDING)
check("did you mean" not in wrong.stderr, "does not guess at what is like nothing")
check("usage: forksan report" in wrong.stderr, "a wrong option shows the usage")
wrong = status(2, "report", "-x", FOUNDING)
check("unknown option -x" in wrong.stderr, "names an unknown letter", wrong.stderr)
wrong = status(2, "report", FOUNDING, "--fail-on")
check("expected a value" in wrong.stderr, "misses an option's value", wrong.stderr)
for word, guess in (("reprot", "report"), ("rnu", "run"), ("--hlep", "--help")):
    wrong = status(2, word)
    check(f"did you mean {guess}?" in wrong.stderr, f"{word} is {guess}", wrong.stderr)
wrong = status(2, "xyzzy")
check("did you mean" not in wrong.stderr, "does not guess at xyzzy")
status(2)

for verb in ("run", "report"):
    text = status(0, verb, "--help").stdout
    check(text.startswith(f"usage: forksan {verb}"), f"{verb} --help shows the usage")
    check(status(0, "help", verb).stdout == text, f"help {verb} is {verb} --help")
check("report" in status(0, "--help").stdout, "--help lists the verbs")
check(status(0, "help", "help").stdout == status(0, "help").stdout, "help help is help")
wrong = status(2, "report", "--json", "--html", FOUNDING)
check("expected one form" in wrong.stderr and not wrong.stdout, "two forms at once", wrong)
wrong = status(2, "report", "--kind", "nonsense", FOUNDING)
check("expected open-at-fork, inherited-epoll" in wrong.stderr and "or crossed-reply, found nonsense" in wrong.stderr,
      "kinds are named", wrong.stderr)
check(status(0, "--version").stdout.startswith("forksan "), "--version")

# A log's text never reaches the terminal as a command to it.
evil = "\x1b[2J\x9b31m\x7f\r\x08"
record = finding(
    text=evil,
    comm=evil,
    connection={"peer": evil, "local": evil, "protocol": evil, "server_name": evil},
)
record["culprit"] = {"opened": evil, "use": evil}
record["other"]["comm"] = evil
record["operation"] = {"call": evil, "bytes": 1, "message": evil}
record["history"] = [{"pid": 1, "call": evil, "bytes": 1, "message": evil, "payload": evil}]
for frame in record["stacks"]["opened"]:
    frame.update(function=evil, file=evil)
shown = status(67, "report", "--verbose", "-", stdin=log_of(record)).stdout
bad = [c for c in shown if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) <= 0x9F]
check("\\x1b[2J\\xc2\\x9b31m\\x7f" in shown and not bad, "control characters are shown as such", shown)

with open("/dev/full", "wb") as full:
    result = subprocess.run(
        [toolkit.FORKSAN, "report", FOUNDING], stdout=full, stderr=subprocess.PIPE, check=False
    )
check(result.returncode == 2 and b"stdout" in result.stderr, "a full disk is an error")

toolkit.finish()
