#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`forksan report --db` on a real store: the same bug as from the log, with its hosts; and text of a
hostile agent that reaches neither terminal nor page."""

import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import fleet
import forksan_log
import processes
from test_store import check, failures, take

EVIL = "\x1b]0;owned\x07\x1b[31m\u202e\u009b31m</script><script>alert(1)</script>"


def report(*arguments, env=None):
    return subprocess.run([forksan_log.TOOL, "report", *arguments], check=False, text=True,
                          capture_output=True, env={**os.environ, **(env or {})})


def test_a_bug_has_its_hosts(store):
    for number, version in ((1, "2.4.0"), (2, "2.4.1"), (3, "2.4.1")):
        name = f"web-{number}"
        outcomes = take(store, name, fleet.records(name, f"{number:016x}", 61, version=version,
                                                   final=True))
        check(outcomes == ["stored"] * 61, "stored", outcomes)
    text = report("--db", store.url)
    check(text.returncode == 0 and text.stderr == "", "report --db", text.returncode, text.stderr)
    for part in ("1 bug: WRONG ANSWERS SEEN", "hosts     3 hosts: web-1, web-2, web-3",
                 "services  shop; versions, by their first sight: 2.4.0, 2.4.1", "proof", "bare.py:9", "complete: true"):
        check(part in text.stdout, f"the text has {part!r}", text.stdout)
    found = json.loads(report("--json", "--db", store.url).stdout)
    bug = found["bugs"][0]
    check(len(found["bugs"]) == 1 and bug["fleet"]["hosts"] == 3, "JSON", bug["fleet"])
    check(bug["fingerprint"] == "293a20e1e5ac1841", "the fingerprint is the log's", bug["fingerprint"])
    # 4 findings of each host (seq 20, 30, 40, 50, 60), each with the repeat of its golden record.
    times = store.number("select sum(repeat) from fleet.records")
    check(bug["count"] == times, "it counts what all hosts counted", bug["count"], times)
    example = bug["kinds"][0]["example"]
    check(len(example["stacks"]["opened"]) > 5, "the example has whole stacks")
    log = report("--json", os.path.join(forksan_log.ROOT, "tests", "golden",
                                        "gunicorn-mysqlclient.jsonl"))
    check(json.loads(log.stdout)["bugs"][0]["fleet"] is None, "a log has no fleet")


def test_a_baseline_of_the_store(store):
    log = os.path.join(forksan_log.ROOT, "tests", "golden", "gunicorn-mysqlclient.jsonl")
    result = report("--baseline", store.url, "--fail-on", "notice", log)
    check("known from the baseline: 1 bug" in result.stdout, "the store is a baseline", result.stdout,
          result.stderr)


def test_a_loss_voids_silence(store):
    take(store, "web-4", fleet.records("web-4", "0000000000000004", 3, first=10))
    result = report("-q", "--db", store.url)
    check(result.returncode == 67 and "lost_records 9" in result.stdout, "holes are said",
          result.returncode, result.stdout)


def test_hostile_text(store):
    record = dict(next(r for r in fleet.golden() if r["record"] == "finding"), seq=1, host="web-5",
                  session="0000000000000005", comm=EVIL[:15], text=EVIL, fingerprint="e" * 16,
                  labels={"service.name": EVIL, "service.version": EVIL})
    record["connection"] = dict(record["connection"], peer=EVIL, protocol=EVIL)
    frame = {"language": "python", "function": EVIL, "file": "/srv/" + EVIL, "line": 3}
    record["stacks"] = {name: [frame] for name in record["stacks"]}
    record["stack_ids"] = dict.fromkeys(record["stack_ids"])
    record["culprit"] = {"opened": EVIL, "use": EVIL}
    outcomes = take(store, "web-5", [record])
    check(outcomes == ["stored"], "stored", outcomes)
    for arguments in ((), ("--stacks",), ("-v",), ("--html",), ("--github",), ("--junit",)):
        result = report("--db", store.url, *arguments)
        for text in (result.stdout, result.stderr):
            check(not any(ord(c) < 32 and c not in "\n\t" or c in "\x7f\x9b" for c in text),
                  f"control characters in {arguments}",
                  repr([line for line in text.splitlines() if "\x1b" in line or "\x9b" in line][:2]))
        if "--html" in arguments:
            check("<script>alert" not in result.stdout, "a script in the page")
    check("no name" not in report("--db", store.url).stdout, "the name is shown")


def test_errors(store):
    gone = report("--db", "postgresql://nobody:geheim@/forksan?host=/nonexistent")
    check(gone.returncode == 2 and "geheim" not in gone.stderr and "the store:" in gone.stderr,
          "a store that is not there", gone.returncode, gone.stderr)
    other = report("--db", store.url.replace("/forksan?", "/postgres?"))
    check(other.returncode == 2 and "fleet" in other.stderr, "a database without the schema",
          other.returncode, other.stderr)
    wrong = report("--db", "shop.jsonl")
    check(wrong.returncode == 2 and "postgresql://" in wrong.stderr, "no URI", wrong.stderr)
    with processes.directory("forksan-libpq-") as path:
        with open(os.path.join(path, "libpq.so.5"), "w", encoding="ascii") as out:
            out.write("no library\n")
        lacking = report("--db", store.url, env={"LD_LIBRARY_PATH": path})
    check(lacking.returncode == 2 and "apt-get install libpq5" in lacking.stderr, "no libpq",
          lacking.returncode, lacking.stderr)
    reader = report("--db", store.url.replace("postgres@", "forksan_reader@"))
    check(reader.returncode in (0, 67) and "bug" in reader.stdout, "the reader's role is enough",
          reader.returncode, reader.stderr)


def main():
    with processes.directory("forksan-store-") as path:
        store = fleet.Store(path)
        try:
            store.start()
            store.create()
            for test in (test_a_bug_has_its_hosts, test_a_baseline_of_the_store,
                         test_a_loss_voids_silence, test_hostile_text, test_errors):
                test(store)
                print(test.__name__, flush=True)
        finally:
            store.stop()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
