#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Frames of Python, Ruby, Perl and PHP under `forksan attach`: those that the library has from inside, of every
stack, of short-lived children too; and the application's lines as culprits."""

import os
import subprocess

import attaching
import processes
import scenario
import servers
import toolkit
from toolkit import check, finish

INTERPRETERS = {"python": ("/usr/bin/python3", "app.py"), "ruby": ("/usr/bin/ruby", "app.rb"),
                "perl": ("/usr/bin/perl", "app.pl"), "php": ("/usr/bin/php", "app.php")}


def frames(stack, language):
    return tuple((frame["function"], frame["file"], frame["line"]) for frame in stack
                 if frame["language"] == language)


def stacks(log, language, late=()):
    """Each different finding's stacks, but for those that `late` names."""
    return {(finding["kind"], name, frames(stack, language)) for finding in log.findings()
            for name, stack in finding["stacks"].items() if stack and name not in late}


def named_late(log):
    """A program's first stack may come before its interpreter is known, and says then that it was read late."""
    return {name for finding in log.findings() for name in finding.get("late", ())}


def run_app(verb, command, count=None):
    """The log of the app under a verb; with `count` it ends when there are so many findings."""
    log = attaching.new_log()
    with subprocess.Popen([toolkit.FORKSAN, verb, "-o", log.path, "--", *command], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        if count:
            processes.wait_for(lambda: len(log.findings()) >= count, f"{command}: {count} findings")
        said = process.communicate("go\n", timeout=60)[1]
    check(process.returncode == 66, f"{command}: {verb}", said)
    log.read()
    log.validate()
    return log


def check_language(language, port):
    interpreter, name = INTERPRETERS[language]
    app = os.path.join(attaching.HERE, "apps", name)
    command = [interpreter, app, str(port)]
    library = run_app("run", command)
    for _ in range(8):  # on a machine that is busy with more urgent things more can be late
        log = run_app("attach", command, len(library.findings()))
        late = named_late(log)
        if late <= {"opened"}:
            break
    check(late <= {"opened"}, f"{language}: at most the first stack is late", late)
    inside, outside = stacks(library, language, late), stacks(log, language, late)
    check(inside == outside, f"{language}: the library's frames", inside - outside, outside - inside)
    finding = log.findings(kind="shared-use")[0]
    culprit = finding["culprit"]
    for role, mark in (("opened", "opened"), ("use", "asked")):
        check(role in late or culprit[role] == scenario.marked(app, mark), f"{language}: culprit of {role}", culprit)
    forked = [f"{file}:{line}" for _, file, line in frames(finding["stacks"]["forked"], language)]
    check(scenario.marked(app, "forked") in forked, f"{language}: where it forked", forked)


attaching.need()
with servers.redis() as redis:
    for wanted in INTERPRETERS:
        check_language(wanted, redis.port)
finish()
