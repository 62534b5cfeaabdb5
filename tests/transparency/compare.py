# SPDX-License-Identifier: MIT
"""Runs programs bare and under the shim and compares what an onlooker sees.

    with compare.Place() as place:
        place.same("sort", ["sort", "-r"], stdin="a\\nb\\n")
    compare.finish()

Same means: exit status, output and messages are equal, byte for byte after `forget` has removed
what differs between any two runs; the shim was there (its log has a summary that counts
processes), found nothing, could write everything, and left no registry behind.  Each run has an
empty directory of its own, made by `prepare`; both directories have the same path.

Failures are collected, so that one run shows all.
"""

import contextlib
import glob
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
os.environ.setdefault("FORKSAN_BUILD", os.path.abspath(os.environ.get("BUILD", "build")))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

import forksan_log  # noqa: E402  (needs FORKSAN_BUILD and the path)

SKIPPED = 77

# Counters that say that something was not seen although nothing in these programs hides it.
LOST = ("lost_processes", "lost_connections", "lost_fds", "lost_stacks", "lost_reports",
        "lost_findings", "lost_session", "stale_fds")

failures = []
compared = 0


def registries(session):
    """The files of a session, whichever users its processes have."""
    return glob.glob(f"/dev/shm/forksan-*/{session}*")


def fail(what, *details):
    failures.append(what)
    print(f"FAILED: {what}")
    for detail in details:
        for line in str(detail).splitlines():
            print(f"    {line}")
    sys.stdout.flush()


def check(condition, what, *details):
    if not condition:
        fail(what, *details)
    return bool(condition)


def finish():
    print(f"{compared} programs compared, {len(failures)} failures")
    sys.exit(1 if failures or compared == 0 else 0)


def skip(reason):
    print(reason)
    sys.exit(SKIPPED)


def find(program):
    """The program's path as a login shell of Debian would find it, or None."""
    return shutil.which(program, path="/usr/sbin:/sbin:/usr/bin:/bin")


def compile_c(directory, name, source, *flags, compiler="gcc"):
    """Builds tests/transparency/<source>; returns the program's path, None when it cannot be."""
    path = os.path.join(directory, name)
    result = subprocess.run(
        [compiler, "-O2", "-g", "-std=gnu11", "-D_GNU_SOURCE", "-I", os.path.join(ROOT, "include"),
         "-o", path, os.path.join(HERE, source), *flags, "-lpthread"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if result.returncode != 0:
        print(result.stdout.decode(errors="replace"))
        return None
    return path


def session_name():
    """A name with which each program has a session, also one that needs none.  No `forksan run` waits
    for it: the last digits are a pid that there cannot be."""
    return f"{secrets.randbits(40):010x}ffffff"


class Result:
    """What one run showed."""

    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err

    def __eq__(self, other):
        return (self.status, self.out, self.err) == (other.status, other.out, other.err)

    def __str__(self):
        return f"status {self.status}\n{self.out[-3000:]}\n{self.err[-3000:]}"


def forgetting(text, forget):
    for pattern in forget:
        text = re.sub(pattern, "", text, flags=re.MULTILINE)
    return text


def difference(bare, ours):
    """The first lines in which two results differ."""
    shown = []
    if bare.status != ours.status:
        shown.append(f"status: bare {bare.status}, under forksan {ours.status}")
    for name in ("out", "err"):
        one = getattr(bare, name).splitlines()
        two = getattr(ours, name).splitlines()
        for i in range(max(len(one), len(two))):
            left = one[i] if i < len(one) else "(end)"
            right = two[i] if i < len(two) else "(end)"
            if left != right:
                shown += [f"std{name} line {i + 1}: bare            {left[:300]}",
                          f"std{name} line {i + 1}: under forksan   {right[:300]}"]
                break
    return "\n".join(shown)


class Place:
    """Where programs run.  `run` is their directory, made anew for each run."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="forksan-same-")
        os.chmod(self.path, 0o755)
        self.run = os.path.join(self.path, "run")
        self.count = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def fresh(self, prepare):
        shutil.rmtree(self.run, ignore_errors=True)
        os.mkdir(self.run)
        os.chmod(self.run, 0o777)
        if prepare:
            prepare(self.run)

    def once(self, argv, env, *, stdin="", timeout=120, forget=(), **more):
        try:
            done = subprocess.run(argv, input=stdin, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, cwd=self.run, env=env, check=False,
                                  encoding="utf-8", errors="backslashreplace", timeout=timeout,
                                  **more)
        except subprocess.TimeoutExpired as late:
            return Result("late", str(late.stdout)[-2000:], str(late.stderr)[-2000:])
        return Result(done.returncode, forgetting(done.stdout, forget),
                      forgetting(done.stderr, forget))

    def new_log(self):
        self.count += 1
        path = os.path.join(self.path, f"log{self.count}")
        # Programs of other users may be the first to write.
        with open(path, "w", encoding="ascii"):
            pass
        os.chmod(path, 0o666)
        return forksan_log.Log(path)

    def same(self, what, argv, *, prepare=None, variables=None, silent=True, seen=True,
             cut=False, preload=(), options=None, after=None, expect=None, lost_ok=(), **more):
        """Compares two runs.  `silent` False: findings are as they may be.  `seen` False: the
        program is one that the shim cannot be in.  `cut`: its last process is killed, or execs a
        program that the shim is not in, so nobody is left to write the summary.  `preload`:
        libraries beside ours, in order, with the word "forksan" for ours.  `after(log)` looks
        further.  `expect`: the exit status that both must have.  Returns the bare result."""
        global compared
        if find(argv[0]) is None and not os.path.exists(argv[0]):
            print(f"not compared: {what} ({argv[0]} is not installed)")
            return None
        compared += 1
        others = [library for library in preload if library != "forksan"]
        env = forksan_log.bare_env(**(variables or {}))
        if others:
            env["LD_PRELOAD"] = ":".join(others)
        self.fresh(prepare)
        bare = self.once(argv, env, **more)
        for session in ({}, {"session": session_name()}):
            log = self.new_log()
            env = forksan_log.forksan_env(log.path, variables, **session, **(options or {}))
            if preload:
                env["LD_PRELOAD"] = ":".join(forksan_log.SHIM if library == "forksan" else library
                                             for library in preload)
            self.fresh(prepare)
            ours = self.once(argv, env, **more)
            check(bare == ours, f"{what}: the same under forksan", difference(bare, ours))
            # A program that needs no session says nothing, unless the session has a name.
            if not seen or log.read().records:
                break
        check(expect is None or bare.status == expect, f"{what}: status {expect}", bare)
        self.look(what, log, silent, seen, cut, lost_ok)
        if after:
            after(log)
        return bare

    def sweep(self, sessions, seconds=5):
        """Starts sessions that take away the registries of dead ones.  A registry is believed by
        its owner alone, so the sweeper is its owner."""
        deadline = time.monotonic() + seconds
        left = [path for session in sessions for path in registries(session)]
        while time.monotonic() < deadline:
            left = [path for path in left if os.path.exists(path)]
            if not left:
                break
            for path in left:
                with contextlib.suppress(FileNotFoundError):
                    owner = os.stat(path).st_uid
                    self.once(["/bin/sh", "-c", "/bin/true; :"],
                              forksan_log.forksan_env("/dev/null"),
                              **({} if os.getuid() == owner else {"user": owner}))
            time.sleep(0.05)

    def look(self, what, log, silent=True, seen=True, cut=False, lost_ok=()):
        """What the log of a run says."""
        records = log.read().records
        sessions = {record["session"] for record in records}
        ended = {record["session"] for record in records if record["record"] == "summary"}
        # The next session takes away what a killed one left; orphans may take a moment to die.
        self.sweep(sessions if cut else sessions - ended)
        if cut:
            check(records, f"{what}: the shim was there")
        elif seen:
            check(log.counters.get("processes", 0) >= 1, f"{what}: the shim was there",
                  f"records: {[record['record'] for record in records]}")
        else:
            check(not records, f"{what}: the shim was not there", records[:3])
        if silent:
            check(not log.findings(), f"{what}: no finding",
                  *[forksan_log.describe(finding) for finding in log.findings()[:3]])
        lost = {name: log.counters.get(name, 0) for name in LOST
                if name not in lost_ok and log.counters.get(name, 0)}
        check(not lost, f"{what}: nothing lost", lost)
        with contextlib.suppress(FileNotFoundError):
            log.validate()
        for session in sessions:
            check(not registries(session), f"{what}: no registry left behind", registries(session))
