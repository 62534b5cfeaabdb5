#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""suppressions=FILE: the library leaves out what is known and accepted, without the tool: nothing of it is written,
no exit status comes of it, and it is counted.  What the file cannot do is said."""

import json
import os
import sys

import toolkit
from toolkit import check

# The parent and a child speak on one connection to a Redis of two lines: violations.  With an argument the program
# that does so is started by exec from another directory.
PROGRAM = r"""
import os, socket, sys
if len(sys.argv) > 1:
    os.chdir("/")
    os.execv(sys.executable, [sys.executable, sys.argv[0]])
listener = socket.create_server(("127.0.0.1", 0))
if os.fork() == 0:
    peer, _ = listener.accept()
    while peer.recv(100):
        peer.sendall(b"+PONG\r\n")
    os._exit(0)
def connect_early():
    return socket.create_connection(listener.getsockname())
connection = connect_early()
listener.close()
def ping():
    connection.sendall(b"*1\r\n$4\r\nPING\r\n")
    connection.recv(100)
ping()
if os.fork() == 0:
    ping()
    sys.exit(0)
os.wait()
ping()
connection.close()
"""
OPTIONS = "exitcode=9"


def watched(directory, options, *arguments):
    """Runs the program in the directory, with the library alone."""
    environment = dict(os.environ, LD_PRELOAD=os.path.join(toolkit.BUILD, "libforksan.so"), FORKSAN_OPTIONS=options)
    program = os.path.join(directory, "early.py")
    return toolkit.run(program, *arguments, program=sys.executable, env=environment, cwd=directory)


def records(path):
    with open(path, encoding="utf-8") as log:
        return [json.loads(line) for line in log]


with toolkit.Directory() as directory:
    def file(name, text):
        return toolkit.write(os.path.join(directory, name), text)

    file("early.py", PROGRAM)
    log = os.path.join(directory, "log")

    # What there is to suppress.
    result = watched(directory, OPTIONS)
    check(result.returncode == 9 and "shared-use" in result.stderr, "it is found", result)
    watched(directory, f"{OPTIONS}:log_path={log}")
    finding = next(record for record in records(log) if record.get("kind") == "shared-use")
    os.unlink(log)

    for entry in (
        "kind:*",
        f"fingerprint:{finding['fingerprint']}",
        "function:connect_early",
        f"file:{directory}/*.py",
        "module:*/libc.so.?",
        f"peer:{finding['connection']['peer'].rsplit(':', 1)[0]}:*",
        "class:cache protocol:Redis",
    ):
        file("known", f"# known\n\n{entry}\nclass:broker\n")
        result = watched(directory, f"{OPTIONS}:suppressions=known")
        check(result.returncode == 0, f"{entry} changes no exit status", result)
        check("shared-use" not in result.stderr and "findings of level" not in result.stderr,
              f"{entry} leaves out the report", result.stderr)
        check("findings that suppressions= left out" in result.stderr, f"{entry} is counted", result.stderr)
        check("suppression never used: known:4: class:broker\n" in result.stderr, "an unused one is named",
              result.stderr)
        check(result.stderr.count("never used") == 1, "and no other", result.stderr)

    # Only the finding that fits; the log says the same.
    file("known", "kind:shared-use\nkind:open-at-fork class:broker\n")
    result = watched(directory, f"{OPTIONS}:suppressions=known:log_path={log}", "by exec")
    kinds = {record["kind"] for record in records(log) if record["record"] == "finding"}
    check("shared-use" not in kinds, "a program that is started later in another directory reads the file", kinds)
    summary = records(log)[-1]
    check(summary["counters"]["suppressed"] >= 1, "the log counts", summary)
    check(summary["suppressions_unused"] == [2], "and has the unused one", summary)
    os.unlink(log)
    file("known", "kind:shared-use class:broker\n")
    result = watched(directory, f"{OPTIONS}:suppressions=known")
    check(result.returncode == 9 and "shared-use" in result.stderr, "what does not fit is reported", result)

    # A child uses an entry, and its parent writes the summary.
    file("known", "kind:inherited-use\n")
    result = watched(directory, f"{OPTIONS}:suppressions=known")
    check("left out" in result.stderr and "never used" not in result.stderr, "a child's use is known", result.stderr)

    # What strict mode does is not done without a word.
    file("known", "kind:*\n")
    result = watched(directory, "mode=strict:suppressions=known")
    check("strict mode aborts" in result.stderr, "an abort is reported", result.stderr)

    # A bad line is named, and the others hold.
    file("known", "knd:shared-use\nkind:*\nkind:x\0y\n")
    result = watched(directory, f"{OPTIONS}:suppressions=known")
    for line in (
        "forksan: suppressions=known:1: expected WHAT:PATTERN, found knd:shared-use; did you mean kind:?\n",
        "forksan: suppressions=known:3: expected WHAT:PATTERN, found a NUL byte\n",
    ):
        check(line in result.stderr, "a bad line is named", result.stderr)
    check(result.returncode == 0 and "could not read all of suppressions=" in result.stderr, "and counted", result)

    file("known", "".join(f"function:f{i}\n" for i in range(1024)) + "kind:*\n" * 2)
    result = watched(directory, f"{OPTIONS}:suppressions=known")
    check("forksan: suppressions=known: the entries after the 1024th are not used: 2\n" in result.stderr,
          "too many are said", result.stderr[:300])
    check(result.returncode == 9, "and the first ones hold", result.returncode)

    os.symlink("known", os.path.join(directory, "link"))
    result = watched(directory, f"{OPTIONS}:suppressions=link")
    check(result.returncode == 9 and "suppressions=link: the entries" in result.stderr, "a link is followed", result)

    # Files that are none.
    os.mkfifo(os.path.join(directory, "fifo"))
    file("large", "#" * 65537)
    for name, text in (
        ("missing", "no such file"),
        ("fifo", "expected a regular file of at most 64 KiB"),
        (".", "expected a regular file of at most 64 KiB"),
        ("large", "expected a regular file of at most 64 KiB"),
    ):
        result = watched(directory, f"{OPTIONS}:suppressions={name}")
        check(f"forksan: suppressions={name}: {text}; nothing is suppressed\n" in result.stderr, text, result.stderr)
        check(result.returncode == 9, "and all is reported", result)
        check("could not read all of suppressions=" in result.stderr, "and it is counted", result.stderr)

    # forksan run passes it through.
    file("known", "kind:*\n")
    environment = dict(os.environ, FORKSAN_OPTIONS="suppressions=known")
    program = os.path.join(directory, "early.py")
    result = toolkit.run("run", sys.executable, program, env=environment, cwd=directory)
    check(result.returncode == 0 and "left out by suppressions=\n" in result.stderr, "its summary counts", result)

toolkit.finish()
