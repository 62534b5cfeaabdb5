# SPDX-License-Identifier: MIT
"""Builds the probe (probe.c) and reads what it prints.

    stacks = probe.run(["/usr/bin/python3", "program.py"])
    stacks[0].frames("python")  ->  [("function", "/path/program.py", 12), ...] innermost first

Standard library only.
"""

import functools
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
PROGRAMS = os.path.join(os.path.dirname(HERE), "programs")
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
SKIPPED = 77
LIMIT_S = 60


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


@functools.cache
def library():
    """The path of the probe, built when it is older than its parts."""
    path = os.path.join(BUILD, "tests", "stack", "probe.so")
    source = os.path.join(HERE, "probe.c")
    inner = os.path.join(BUILD, "libinner.a")
    newest = max(os.path.getmtime(source), os.path.getmtime(inner))
    if not os.path.exists(path) or os.path.getmtime(path) < newest:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        fresh = f"{path}.{os.getpid()}"
        subprocess.run(
            [os.environ.get("CC", "cc"), "-std=gnu11", "-D_GNU_SOURCE", "-I", f"{ROOT}/include",
             "-I", f"{ROOT}/shim", "-fPIC", "-fvisibility=hidden", "-g", "-O2", "-Wall", "-Wextra",
             "-shared", "-o", fresh, source, inner, "-ldl", "-lpthread"], check=True)
        os.rename(fresh, path)  # tests run side by side
    return path


class Stack:
    def __init__(self, head):
        words = head.split()
        self.call = words[1]
        self.pid = int(words[3])
        self.ns = int(words[5])
        self.truncated = words[9] == "1"
        self.all = []  # (language, function, file, line), innermost first
        self.culprit = None
        self.complaint = None

    def frames(self, language):
        return [frame[1:] for frame in self.all if frame[0] == language]

    @property
    def languages(self):
        return {frame[0] for frame in self.all}


def parse(text):
    stacks = []
    for line in text.splitlines():
        if line.startswith("== "):
            stacks.append(Stack(line))
        elif line.startswith("-- culprit "):
            stacks[-1].culprit = line[len("-- culprit "):]
        elif line.startswith("-- complaint "):
            stacks[-1].complaint = line[len("-- complaint "):]
        else:
            language, function, file, where = line.split("\t")
            stacks[-1].all.append((language, function, file, int(where, 0)))
    return stacks


def run(argv, env=None, status=0, **options):
    """Runs a program under the probe; returns (its output, the stacks).  Any other exit status than
    `status` is a failure."""
    with tempfile.TemporaryDirectory(prefix="forksan-probe-") as directory:
        path = os.path.join(directory, "stacks")
        environment = {**os.environ, **(env or {}), "STACK_PROBE": path, "LD_PRELOAD": library()}
        done = subprocess.run(argv, env=environment, stdout=subprocess.PIPE, timeout=LIMIT_S,
                              stdin=subprocess.DEVNULL, **options)
        output = done.stdout.decode("utf-8", "replace")
        if done.returncode != status:
            raise AssertionError(f"{argv}: exit status {done.returncode}, not {status}\n"
                                 f"{output[-2000:]}")
        if not os.path.exists(path):
            return output, []
        with open(path, encoding="utf-8", errors="replace") as file:
            return output, parse(file.read())
