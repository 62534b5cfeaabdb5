#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Advice: each row of tools/report/advice.def can be the one that is shown, and says where it is from;
a goodbye is not answered with "connect in each child"; PHP's advice on a real PHP."""

import os
import re
import shutil
import sys

import toolkit
from toolkit import check, finding, json_report, run

sys.path.insert(0, os.path.join(toolkit.ROOT, "tests", "support"))

import forksan_log
import servers

os.chdir(toolkit.ROOT)
LEVELS = {"open-at-fork": "notice", "inherited-use": "hazard"}
WHEN = {"ANY": "shared-use", "OPEN": "open-at-fork", "USED": "inherited-use", "GOODBYE": "foreign-goodbye"}
RANKS = ("GUARD", "FORKER", "LIBRARY", "NOTE", "FALSE", "FALLBACK")


def rows():
    """(name, rank, when, match, with, text, source) of each row, macros expanded."""
    with open("tools/report/advice.def", encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    macros = {}
    for piece in re.split(r"(?m)^(?=#|ADVICE\()", text):
        define = re.match(r'#define (\w+) "([^"]*)"', piece)
        if define:
            macros[define[1]] = define[2]
        if not piece.startswith("ADVICE("):
            continue
        for name, value in macros.items():
            piece = re.sub(rf"(, ){name}, ", rf'\1"{value}", ', piece)
        strings = re.findall(r'"((?:[^"\\]|\\.)*)"|\b([A-Z]{3,})\b(?=,)|(,)', piece)
        cells, current = [], None
        for string, word, comma in strings:
            if comma:
                cells.append(current)
                current = None
            elif word:
                current = word
            else:
                current = (current or "") + string.replace('\\"', '"')
        cells.append(current)
        check(len(cells) == 7, "a row has seven columns", piece, cells)
        yield cells


def made(words, kind):
    """A finding in which these words fit, and nothing more."""
    record = finding(
        kind=kind,
        level=LEVELS.get(kind, "violation"),
        comm="x",
        other={"comm": "x"},
        connection={"protocol": "other", "class": "other"},
        culprit={"opened": None, "use": None},
    )
    frames = []
    for word in words:
        what, text = word.split(":", 1)
        native = {"language": "native", "function": None, "module": None, "offset": 1, "build_id": None}
        if what == "comm":
            record["comm"] = text
        elif what in ("protocol", "class"):
            record["connection"][what] = text
        elif what == "file":
            frames.append({"language": "lua", "function": "f", "file": f"/x{text}", "line": 1})
        elif what == "module":
            frames.append(dict(native, module=f"/x{text}"))
        elif what == "function":
            frames.append(dict(native, function=text))
        elif what == "threads":
            record["threads_at_fork"] = 3
        elif what == "language":
            frames.append({"language": text, "function": "f", "file": "/srv/x", "line": 1})
        else:
            check(False, f"{word} is a word that advice.c knows")
    record["stacks"] = {"opened": frames, "forked": [], "other_use": [], "this_use": []}
    return record


def advice(record):
    return json_report(record)["bugs"][0]["advice"]


table = list(rows())
check(len(table) >= 60, "there are rows", len(table))
for name, rank, when, match, with_, text, source in table:
    check(rank in RANKS and when in WHEN, f"{name}: {rank} {when}")
    check(re.match(r"(read|known|tested): \S", source or ""), f"{name}: where it is from", source)
    for path in re.findall(r"tested: ([\w/.]+)", source):
        check(os.path.exists(path), f"{name}: {path} tests it")
    shown = []
    for one in match.split() or [None]:
        words = ([one] if one else []) + with_.split()
        shown.append(advice(made(words, WHEN[when])))
    check(
        all({"for": name, "text": text, "source": source} in each for each in shown),
        f"{name} ({when}) is shown: {text}",
        *shown,
    )
names = {row[0] for row in table}
for wanted in (
    "RQ", "gRPC", "Sequel", "OpenResty", "R", "LWP", "Bunny", "Excon", "Typhoeus", "AnyEvent::RabbitMQ",
    "pecl amqp", "php-amqplib", "Kazoo", "paho", "APScheduler", "PHP", "multiprocessing",
):
    check(wanted in names, f"there is advice for {wanted}")

# A goodbye is answered with the fork or with the child's end, never with a connection of the child's.
for language in ("python", "ruby", "perl", "php", "lua"):
    shown = advice(made([f"language:{language}"], "foreign-goodbye"))
    check(re.search(r"before (the fork|pcntl_fork)", shown[0]["text"]), f"{language}: before", shown)
    check(re.search(r"exit|SIGKILL", shown[0]["text"]), f"{language}: how to leave", shown)
    check("connect in each child" not in str(shown), f"{language}: nothing that does not help", shown)

# A driver that notices the fork itself gets no advice of others for a mere open connection.
guarded = ["file:/redis/connection.py", "comm:gunicorn", "language:python"]
shown = [row["for"] for row in advice(made(guarded, "open-at-fork"))]
check(shown == ["redis-py"], "redis-py guards itself", shown)
shown = [row["for"] for row in advice(made(guarded, "shared-use"))]
check(shown == ["gunicorn", "redis-py"], "but not from everything", shown)

# Inside TLS a goodbye is likely at most, and so no headline; the advice is against it all the same.
both = [dict(made(["language:python"], kind), id=f"{number:016x}", certainty=certainty)
        for number, (kind, certainty) in enumerate((("shared-use", "proven"), ("foreign-goodbye", "likely")))]
bug, = json_report(*both)["bugs"]
check((bug["kind"], bug["proven"]) == ("shared-use", True), "the headline is what is proven", bug)
check("before the fork" in bug["advice"][0]["text"], "the advice stops the goodbye", bug["advice"])

# --- a real PHP, whose pcntl is built in -------------------------------------------------------
CHILD_EXITS = r"""<?php
$connect = fn() => new mysqli('127.0.0.1', 'root', '', '', (int)getenv('APP_PORT'));
$db = $connect();
$pid = pcntl_fork();
if ($pid === 0) {
    if ($argv[1] === 'own') $connect()->query('SELECT 1');
    exit(0);
}
pcntl_waitpid($pid, $status);
try { $db->query('SELECT 1'); echo "lives\n"; } catch (Throwable $e) { echo $e->getMessage(), "\n"; }
"""
# The advice, followed.
CLOSED_BEFORE = r"""<?php
$connect = fn() => new mysqli('127.0.0.1', 'root', '', '', (int)getenv('APP_PORT'));
$db = $connect();
$db = null;
$pid = pcntl_fork();
$db = $connect();
if ($pid === 0) exit(0);
pcntl_waitpid($pid, $status);
try { $db->query('SELECT 1'); echo "lives\n"; } catch (Throwable $e) { echo $e->getMessage(), "\n"; }
"""
php = shutil.which("php")
modules = run("-m", program=php).stdout if php else ""
if {"pcntl", "mysqli"} <= set(modules.split()) and os.path.exists(f"{toolkit.BUILD}/libforksan.so"):
    with toolkit.Directory() as directory, servers.mariadb() as database:
        env = forksan_log.bare_env(APP_PORT=str(database.port))

        def under_forksan(source, *arguments):
            script = toolkit.write(os.path.join(directory, "script.php"), source)
            return run("run", php, script, *arguments, env=env)

        for own in ("none", "own"):
            log = os.path.join(directory, f"{own}.jsonl")
            script = toolkit.write(os.path.join(directory, "child.php"), CHILD_EXITS)
            result = run("run", "-o", log, php, script, own, env=env)
            check("gone away" in result.stdout, "the parent's session is ended", result.stdout)
            check(result.returncode == 66, "which is found", result.stderr)
            shown = re.sub(r"\s+", " ", result.stderr)
            check("A SESSION ENDED FOR OTHERS (proven)" in shown, "and named", result.stderr)
            check("fix PHP: close the connection (set its object to null) before pcntl_fork()" in shown,
                  "with PHP's advice", result.stderr)
        result = under_forksan(CLOSED_BEFORE)
        check(result.stdout == "lives\n" and result.returncode == 0, "the advice helps", result)
else:
    print("not tested: a real PHP (no php-cli with pcntl and mysqli)")

toolkit.finish()
