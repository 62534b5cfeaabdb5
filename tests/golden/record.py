#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Records the logs of real runs that stand here, anew: BUILD=build tests/golden/record.py

Of each log the session, the summary and a finding of each kind, a proven one if there is any, are kept, with
their stacks; of these the native frames beyond the first NATIVE go, and this machine's paths and name.
tests/tool/test_report_golden.py holds what forksan report shows of them against the texts beside them.

version-1-*.jsonl were recorded so when the log was version 1, and stay as they are, for its reader.
"""

import json
import os
import re
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", part) for part in ("support", "tool", "scenario")]

import forksan_log
import processes
import scenario
import servers
import toolkit
import web

NATIVE = 24
PHP = r"""<?php
$db = new mysqli('127.0.0.1', 'app', 'secret', 'app', (int)getenv('APP_PORT'));
$pid = pcntl_fork();
if ($pid === 0) exit(0);
pcntl_waitpid($pid, $status);
try { $db->query('SELECT 1'); } catch (Throwable $e) { echo $e->getMessage(), "\n"; }
"""


def shorten(stack):
    kept = 0
    for frame in stack:
        kept += frame["language"] == "native"
        if frame["language"] != "native" or kept <= NATIVE:
            yield frame


def save(name, log, directory):
    with open(log, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    chosen = {}
    for record in records:
        if record["record"] == "session":
            record["options"] = None
        if record["record"] == "stack":
            record["frames"] = list(shorten(record["frames"]))
        if record["record"] != "finding":
            continue
        best = chosen.setdefault(record["kind"], record)
        if (best["certainty"], record["certainty"]) == ("likely", "proven"):
            chosen[record["kind"]] = record
    stacks = {stack for record in chosen.values() for stack in record["stack_ids"].values()}
    # The summary counts what is kept: a log that has less would be a part of one.
    for record in records:
        if record["record"] == "summary":
            for level in ("notice", "hazard", "violation"):
                record["counters"][level + "s"] = sum(
                    finding["level"] == level for finding in chosen.values())
    kept = [json.dumps(dict(record, host="web1"), separators=(",", ":")) for record in records
            if record["record"] in ("session", "summary") or record.get("id") in stacks
            or record is chosen.get(record.get("kind"))]
    text = "\n".join(kept) + "\n"
    for path in (web.APPS, directory):
        text = text.replace(path, "/srv/app")
    text = re.sub(r"/(tmp|work|home|root)/[^\"]*?/(lib[a-z]+\.so)", r"/usr/local/lib/\2", text)
    path = os.path.join(ROOT, "tests", "golden", name + ".jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    print(path, sorted(chosen))


def main():
    os.chdir(ROOT)
    with servers.mariadb() as db, processes.directory("forksan-golden-") as directory:
        env = forksan_log.bare_env(APP_PORT=str(db.port), APP_DATABASE=scenario.mysql_url(db))
        for app, name in (("bare", "gunicorn-mysqlclient"), ("pool", "gunicorn-sqlalchemy")):
            log = os.path.join(directory, app)
            with web.gunicorn(app, workers=2, preload=True, env=env,
                              prefix=[toolkit.FORKSAN, "run", "-o", log, "--"]) as site:
                web.load(site)
            save(name, log, directory)
        script = toolkit.write(os.path.join(directory, "import.php"), PHP)
        log = os.path.join(directory, "php")
        toolkit.run("run", "-o", log, shutil.which("php"), script, env=env)
        save("php-goodbye", log, directory)


if __name__ == "__main__":
    main()
