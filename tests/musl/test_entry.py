#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The library built for musl: the entry tests with subjects of musl, driven by the tests of glibc that
read their logs; the stacks of a program of musl; and `forksan run` with a program and a library of musl."""

import concurrent.futures
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
MUSL = os.path.join(BUILD, "musl")
LIBRARY = os.path.join(MUSL, "libforksan.so")
HERE = os.path.dirname(os.path.abspath(__file__))


def drive(subject):
    """The entry test of that subject: (name, status, output)."""
    name = os.path.basename(subject).replace("subject_", "test_")
    environment = {**os.environ, "FORKSAN_SHIM": LIBRARY, "FORKSAN_SUBJECT": subject}
    result = subprocess.run([os.path.join(BUILD, "tests/entry", name)], env=environment,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            encoding="utf-8", errors="replace", check=False)
    return name, result.returncode, result.stdout


def entry_tests():
    subjects = sorted(glob.glob(os.path.join(MUSL, "tests/entry/subject_*")))
    if not subjects:
        sys.exit("no subjects: make musl-bin")
    bad = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, status, output in pool.map(drive, subjects):
            lines = output.splitlines()
            print(f"{name}: {sum(line.startswith('ok') for line in lines)} passed,",
                  f"{sum(line.startswith('skip') for line in lines)} skipped")
            if status not in (0, 77):
                print(output)
                bad.append(name)
    if bad:
        sys.exit(f"failed: {' '.join(bad)}")


def names(stack):
    return [frame["function"] for frame in stack if frame["function"]]


def stacks(directory):
    """A program of musl under `forksan run`: its whole stack, and the one of a signal handler."""
    program = os.path.join(directory, "shares")
    log = os.path.join(directory, "log")
    subprocess.run(["musl-gcc", "-g", "-O1", "-rdynamic", "-Wl,--eh-frame-hdr", "-o", program,
                    os.path.join(HERE, "../support/shares.c")], check=True)
    # The launcher finds the library beside itself first.
    shutil.copy(os.path.join(BUILD, "forksan"), directory)
    shutil.copy(LIBRARY, directory)
    result = subprocess.run([os.path.join(directory, "forksan"), "run", "-o", log, program],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False)
    if result.returncode != 66:
        sys.exit(f"forksan run: status {result.returncode}, not 66\n{result.stdout}")
    with open(log, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    known = {record["id"]: record["frames"] for record in records if record["record"] == "stack"}
    finding = next(record for record in records if record.get("kind") == "shared-use")
    use = names(known[finding["stack_ids"]["this_use"]])
    print("used at:", *use)
    if use[:4] != ["use", "in_handler", "work", "main"]:
        sys.exit("the stack of the use is not use <- in_handler <- (signal) work <- main")
    opened = names(known[finding["stack_ids"]["opened"]])
    if opened[:2] != ["open_connection", "main"]:
        sys.exit(f"opened at {opened}")

    result = subprocess.run([os.path.join(directory, "forksan"), "run", "/bin/true"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False)
    if result.returncode != 126 or "glibc" not in result.stdout:
        sys.exit(f"a program of glibc with a library of musl: {result.returncode}\n{result.stdout}")


def main():
    if not shutil.which("musl-gcc"):
        print("needs musl-gcc (musl-tools)")
        return 77
    entry_tests()
    with tempfile.TemporaryDirectory() as directory:
        stacks(directory)
    print("ok")
    return 0


sys.exit(main())
