# SPDX-License-Identifier: MIT
"""What the tests of `forksan attach` share.  They need root and a kernel that takes the programs:
elsewhere they are skipped with the reason that the tool gives."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, os.path.join(HERE, "..", "tool"))

import forksan_log
import toolkit

FORKSAN = toolkit.FORKSAN
directory = tempfile.mkdtemp(prefix="forksan-attach-")
atexit.register(shutil.rmtree, directory, True)
logs = 0


def need():
    """Ends the test as skipped where nothing can be attached."""
    result = subprocess.run([FORKSAN, "attach", "--quiet", "--", "/bin/true"], capture_output=True, text=True,
                            timeout=60, check=False)
    if result.returncode == 126:
        toolkit.skip(result.stderr.strip().splitlines()[-1])


def new_log():
    global logs
    logs += 1
    return forksan_log.Log(os.path.join(directory, f"{logs}.jsonl"))


def program():
    """The static test program."""
    path = os.path.join(directory, "program")
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-D_GNU_SOURCE", "-g", "-O1", "-static", "-o", path,
                    os.path.join(HERE, "program.c")], check=True)
    return path


def attach(*command, options=(), status=None, timeout=100):
    """Runs a command under `forksan attach`; returns its log, validated, and what was said."""
    log = new_log()
    result = subprocess.run([FORKSAN, "attach", "-o", log.path, *options, "--", *command], capture_output=True,
                            text=True, timeout=timeout, check=False)
    if status is not None:
        toolkit.check(result.returncode == status, f"{command}: exit status {status}", result.returncode,
                      result.stderr)
    log.read()
    log.validate()
    return log, result


def children_of(process):
    """The children of a `forksan attach`: names by pid."""
    names = {}
    with open(f"/proc/{process.pid}/task/{process.pid}/children", encoding="ascii") as children:
        for pid in children.read().split():
            with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
                names[int(pid)] = comm.read().strip()
    return names


def state_of(pid):
    """The letter of the state of a process's first thread (proc(5))."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def watcher_of(process):
    """The pid of forksan-attach, which a `forksan attach` has started."""
    return next(pid for pid, name in children_of(process).items() if name == "forksan-attach")


class Attached:
    """`forksan attach` on processes that run; ended by leave()."""

    def __init__(self, *arguments):
        self.log = new_log()
        self.process = subprocess.Popen([FORKSAN, "attach", "-o", self.log.path, *arguments],
                                        stderr=subprocess.PIPE, text=True)

    def wait_until_watching(self):
        line = self.process.stderr.readline()
        toolkit.check("attached" in line, "it says that it watches", line)

    def leave(self, timeout=60):
        self.process.terminate()
        said = self.process.communicate(timeout=timeout)[1]
        self.log.read()
        self.log.validate()
        return self.process.returncode, said


def scenario(name, *cases):
    """Runs a scenario test with `forksan attach` in the library's place (FORKSAN_BY=attach): the same kinds,
    connections, processes and lines, and the same silence."""
    result = subprocess.run([sys.executable, os.path.join(HERE, "..", "scenario", name), *cases],
                            capture_output=True, text=True, timeout=280, check=False,
                            env={**os.environ, "FORKSAN_BY": "attach", "FORKSAN_BUILD": toolkit.BUILD})
    print(result.stdout)
    toolkit.check(result.returncode == 0, f"{name} by attach", result.stderr)


def kinds(log):
    return sorted({record["kind"] for record in log.findings()})
