#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan attach in a pid namespace of its own, as in a container, and over one: processes have the numbers that
they have where it runs, and so their names, files and frames are found."""

import os
import signal
import subprocess

import attaching
import processes
import scenario
import servers
import toolkit
from toolkit import check, finish

INSIDE = ["unshare", "--pid", "--fork", "--mount-proc"]

attaching.need()
PROGRAM = attaching.program()
if subprocess.run([*INSIDE, "true"], check=False, capture_output=True).returncode != 0:
    toolkit.skip("no pid namespace may be made here")


def functions(finding, stack):
    return [frame.get("function") for frame in finding["stacks"][stack]]


def child_of(pid, which=0):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return int(children.read().split()[which])


def inside():
    log = attaching.new_log()
    result = subprocess.run([*INSIDE, attaching.FORKSAN, "attach", "-o", log.path, "--", "sh", "-c",
                             f'echo "$$"; exec {PROGRAM} shared'], timeout=60, capture_output=True, text=True, check=False)
    log.read()
    log.validate()
    check(attaching.kinds(log) == ["inherited-use", "shared-use"] and result.returncode == 66, "in a pid namespace",
          attaching.kinds(log), result.stderr)
    for finding in log.findings(kind="shared-use"):
        check(finding["pid"] == int(result.stdout), "the number that it has there", finding, result.stdout)
        check(finding["comm"] == "program" and finding["other"]["comm"] == "program", "its name", finding)
        check("ping" in functions(finding, "this_use") and "ping" in functions(finding, "other_use"), "its stacks",
              finding["stacks"])
    check("complete: true" in result.stderr, "nothing was missed", result.stderr)


def interpreter_inside():
    app = os.path.join(attaching.HERE, "apps", "app.py")
    log = attaching.new_log()
    with servers.redis() as redis, subprocess.Popen(
            [*INSIDE, attaching.FORKSAN, "attach", "-o", log.path, "--", "/usr/bin/python3", app, str(redis.port)],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for count in (1, 2):
            processes.wait_for(lambda: len(log.findings(kind="shared-use")) >= count, f"shared {count} times")
            process.stdin.write("go\n")
            process.stdin.flush()
        said = process.communicate(timeout=60)[1]
    used = log.findings(kind="shared-use")[-1]["culprit"]["use"]
    check(used == scenario.marked(app, "asked"), "Python's line in a pid namespace", used, said)


def by_number_inside(*what):
    """A process that runs there already; what runs outside is not watched, nor could it be named there."""
    log = attaching.new_log()
    # The shell is the first process there, and waits for those of which it knows nothing, too.  The program ends
    # later: with --all its mapped files are listed at its first stack.
    script = f"""exec 3<&0; LINGERS=2000 {PROGRAM} later <&3 >/dev/null &
                 {attaching.FORKSAN} attach -o {log.path} {" ".join(what)}; exit $?"""
    with subprocess.Popen([*INSIDE, "sh", "-c", script], stdin=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        line = process.stderr.readline()
        check("attached" in line, f"{what}: it watches", line)
        subprocess.run([PROGRAM, "shared"], check=True, timeout=60)
        process.stdin.write("go\n")
        process.stdin.close()
        processes.wait_for(lambda: log.findings(kind="shared-use"), f"{what}: shared")
        if what == ("--all",):
            os.kill(child_of(child_of(process.pid), -1), signal.SIGTERM)
        said = process.stderr.read()
    log.validate()
    found = log.findings(kind="shared-use")
    check(len(found) == 1 and 0 < found[0]["pid"] < 100, f"{what}: its number there", found, said)
    check("ping" in functions(found[0], "this_use"), f"{what}: its stacks", found[0]["stacks"])


def over_one():
    """From outside, a process in a namespace of its own has the number that it has outside."""
    with subprocess.Popen([*INSIDE, PROGRAM, "later"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        check(process.stdout.readline() == "ready\n", "it is ready")
        pid = child_of(process.pid)
        attached = attaching.Attached("-p", str(pid))
        attached.wait_until_watching()
        process.communicate("go\n", timeout=30)
    said = attached.process.communicate(timeout=30)[1]
    attached.log.read()
    shared = attached.log.findings(kind="shared-use")
    check([finding["pid"] for finding in shared] == [pid], "the number that it has here", shared, said)
    check("ping" in functions(shared[0], "this_use"), "its stacks", shared[0]["stacks"])


def other_proc():
    """Where /proc is not that of the namespace, nothing can be read of a process: one sentence says so."""
    result = subprocess.run(["unshare", "--pid", "--fork", attaching.FORKSAN, "attach", "--", "/bin/true"], timeout=60,
                            capture_output=True, text=True, check=False)
    check(result.returncode == 126 and "/proc" in result.stderr and result.stderr.count("\n") == 1,
          "another namespace's /proc", result.returncode, result.stderr)


inside()
interpreter_inside()
by_number_inside("-p", "$!")
by_number_inside("--all")
over_one()
other_proc()
finish()
