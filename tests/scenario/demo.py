#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The demo (`make demo`): an unchanged gunicorn gives wrong answers, and forksan says why.

Starts a private MariaDB, serves two small Flask applications with `gunicorn --preload --workers 2`,
counts their wrong answers, and runs them again under `forksan run`.  Everything is stopped and
removed at the end.  Exit status: 0 when both halves were seen, 1 otherwise.
"""

import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import forksan_log
import processes
import scenario
import servers
import web

ATTEMPTS = 8  # a pool heals at its first error: one start in many shows nothing
FEW = "  Few are wrong, because the pool drops a connection at its first error."
NONE = "  This time every answer was right: it depends on timing, and on nothing else."


def heading(text):
    bold, plain = ("\033[1m", "\033[0m") if colourful() else ("", "")
    print(f"\n{bold}{text}{plain}\n", flush=True)


def colourful():
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and \
        os.environ.get("TERM", "dumb") != "dumb"


def say(text=""):
    print(text, flush=True)


def command_line(app):
    return f"gunicorn --preload --workers 2 {app}:app"


def show_source(app, first, last):
    """Prints the application's lines from the mark `first` to the mark `last`."""
    path = os.path.join(web.APPS, f"{app}.py")
    begin, end = (int(scenario.marked(path, mark).rpartition(":")[2]) for mark in (first, last))
    with open(path, encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            if begin <= number <= end:
                say(f"    {number:3} {line.split('  # MARK')[0].rstrip()}")
    say()


def show_answers(answers):
    say(f"    {answers}")
    if answers.lies:
        say(f"    HTTP 200 with another request's row, or without one: "
            f"{100 * answers.lies / answers.total:.1f} %.")
    say()


def show_report(path):
    result = subprocess.run([forksan_log.TOOL, "report", path], check=False, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    say("    " + result.stdout.rstrip().replace("\n", "\n    ").replace("    \n", "\n"))
    say()


def run_bare(app, environment):
    say(f"  $ {command_line(app)}")
    for _ in range(ATTEMPTS):
        with web.gunicorn(app, preload=True, env=environment) as site:
            answers = web.load(site)
        if answers.bad:
            break
    show_answers(answers)
    return answers.bad


def run_watched(app, environment, directory):
    """Returns the violations that forksan found."""
    log = forksan_log.Log(os.path.join(directory, f"{app}.jsonl"))
    prefix = [forksan_log.TOOL, "run", "-o", log.path, "--"]
    say(f"  $ forksan run -o {app}.jsonl -- {command_line(app)}")
    with web.gunicorn(app, preload=True, env=environment, prefix=prefix) as site:
        log.wait_for(lambda: log.findings(kind="open-at-fork"), "the notice open-at-fork")
        say("    Before the first request, the log already has this notice:")
        say(f"      {log.findings(kind='open-at-fork')[0]['text']}")
        answers = web.load(site)
    show_answers(answers)
    say(f"  $ forksan report {app}.jsonl")
    show_report(log.path)
    return log.findings(level="violation")


def main():
    began = time.monotonic()
    heading("forksan demo: two processes, one database connection")
    say("Starting a private MariaDB ...")
    with servers.mariadb() as db, processes.directory("forksan-demo-") as directory:
        environment = forksan_log.bare_env(APP_DATABASE=scenario.mysql_url(db),
                                           APP_PORT=str(db.port))
        say(f"It listens on {db.peer} and has a table t with ids 1 to {servers.ROWS}.")
        say(f"Each run below sends {web.REQUESTS} requests, {web.CONCURRENT} at a time, of "
            "`select id from t where id = ?`,")
        say("and compares each answer with the id that was asked for.")

        heading("1. A SQLAlchemy pool, connected before gunicorn forks its workers")
        show_source("pool", "opened", "used")
        pool_bad = run_bare("pool", environment)
        say(FEW if pool_bad else NONE)

        heading("2. The same with one plain mysqlclient connection")
        show_source("bare", "opened", "used")
        bare_bad = run_bare("bare", environment)

        heading("3. The pool again, under forksan")
        found = run_watched("pool", environment, directory)

        heading("4. The plain connection, under forksan")
        found += run_watched("bare", environment, directory)

        heading("What to do about it")
        say("Connect after the fork: without --preload, or lazily in each worker, or with")
        say("`engine.dispose(close=False)` in gunicorn's post_fork hook.")
    say(f"\nDemo finished in {time.monotonic() - began:.0f} s; MariaDB is stopped and its files "
        "are removed.")
    return 0 if found and bare_bad else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except processes.Failed as failure:
        sys.exit(f"demo: {failure}")
