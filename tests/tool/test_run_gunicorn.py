#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan run and forksan report around a real gunicorn whose workers share a MariaDB connection."""

import json
import os
import sys

import toolkit
from toolkit import check, run

sys.path.insert(0, os.path.join(toolkit.ROOT, "tests", "support"))

import forksan_log
import servers
import web

if not os.path.exists(web.GUNICORN):
    toolkit.skip("no gunicorn")
if not os.path.exists(os.path.join(toolkit.BUILD, "libforksan.so")):
    toolkit.skip("no libforksan.so")

with toolkit.Directory() as directory, servers.mariadb() as database:
    log = os.path.join(directory, "log.jsonl")
    env = forksan_log.bare_env(APP_PORT=str(database.port))
    with web.gunicorn(
        "bare", workers=2, preload=True, env=env, prefix=[toolkit.FORKSAN, "run", "-o", log, "--"]
    ) as site:
        answers = web.load(site)
    print(answers)
    output = site.output()
    status = site.process.popen.returncode
    check(status == 66, "a violation makes the status 66", status)
    check("1 bug: " in output, "one mistake is one bug", output)
    check(f"(paths below {web.APPS})" in output, "its files", output)
    check("   opened    bare.py:" in output, "the report names the line that connects", output)
    check("   used      bare.py:" in output, "and the line that uses", output)
    check("   forked    gunicorn " in output, "and who forked", output)
    check("   fix       gunicorn: " in output, "it has advice for gunicorn", output)
    check("mysqlclient: " in output, "and for the driver", output)
    check("forksan: 3 processes, 2 forks, 1 connection watched" in output, "the summary", output)

    text = run("report", log)
    check(text.returncode == 0 and not text.stderr, "the log is whole", text.stderr)
    check(text.stdout.split("\n\n")[1] in output, "forksan report shows the same", text.stdout)
    long = [line for line in text.stdout.splitlines() if len(line) > 80 and " " in line.strip()]
    check(not long, "in 80 columns", long)
    report = json.loads(run("report", "--json", log).stdout)
    worst, = report["bugs"]
    kinds = [kind["kind"] for kind in worst["kinds"]]
    check("shared-use" in kinds and "open-at-fork" in kinds, "the kinds", kinds)
    check(
        report["seen"]["violation"] >= report["counters"]["violations"] > 0,
        "repeats are counted",
        report["seen"],
    )
    check(
        set(worst["pids"]) <= {site.master, *site.workers} and len(worst["pids"]) >= 2,
        "the processes are the master and its workers",
        worst["pids"],
        (site.master, site.workers),
    )
    check(worst["peer"] == f"127.0.0.1:{database.port}", "the peer", worst["peer"])
    check(
        run("report", "--fail-on", "violation", log).returncode == 66, "--fail-on sees the violation"
    )

toolkit.finish()
