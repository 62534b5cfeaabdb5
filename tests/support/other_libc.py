# SPDX-License-Identifier: MIT
"""The entry tests with subjects that are programs of another libc: the tests built for this machine's drive
them, and read their logs."""

import concurrent.futures
import glob
import json
import os
import subprocess
import sys

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))


def drive(subject, library):
    """The entry test of that subject: (name, status, output)."""
    name = os.path.basename(subject).replace("subject_", "test_")
    environment = {**os.environ, "FORKSAN_SHIM": library, "FORKSAN_SUBJECT": subject}
    result = subprocess.run([os.path.join(BUILD, "tests/entry", name)], env=environment,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            encoding="utf-8", errors="replace", check=False)
    return name, result.returncode, result.stdout


def entry_tests(build, library, known=()):
    """All subjects in that build directory.  `known`: cases that fail without forksan, too.  Another failure
    ends the test."""
    subjects = sorted(path for path in glob.glob(os.path.join(build, "tests/entry/subject_*"))
                      if not path.endswith(".d"))
    if not subjects:
        sys.exit(f"no subjects in {build}")
    bad = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, status, output in pool.map(lambda subject: drive(subject, library), subjects):
            lines = output.splitlines()
            print(f"{name}: {sum(line.startswith('ok') for line in lines)} passed,",
                  f"{sum(line.startswith('skip') for line in lines)} skipped")
            failed = {line.removeprefix("FAIL ") for line in lines if line.startswith("FAIL ")}
            if status not in (0, 77) and (not failed or failed - set(known)):
                print(output)
                bad.append(name)
    if bad:
        sys.exit(f"failed: {' '.join(bad)}")


def names(stack):
    return [frame["function"] for frame in stack if frame["function"]]


def check_stacks(log):
    """A log of tests/support/shares.c: the stack of its handler leads through the signal's frame."""
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
