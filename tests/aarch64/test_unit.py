#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The library cross-built for AArch64, under qemu-user: its unit tests, and a program in which a finding
has its stacks.  What qemu-user cannot serve is named below."""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
HERE = os.path.dirname(os.path.abspath(__file__))
LIBC = "/usr/aarch64-linux-gnu/lib"

# Tests of which cases cannot pass under qemu-user, and how many fail there.
KNOWN = {
    "test_fdtable": (1, "MADV_WIPEONFORK is answered with 0, and does nothing"),
    "test_process": (3, "the same"),
    "test_report_write": (1, "the same"),
    "test_registry_pages": (3, "no filter of system calls: prctl(PR_SET_SECCOMP) is refused"),
    "test_module": (1, "/proc/self/exe is qemu"),
}
# Whole tests: cases by the million, or an oracle that is not here (libunwind of that machine).
LEFT_OUT = ("test_wire", "test_stack_native")


def unit_tests():
    bad = []
    tests = sorted(path for path in glob.glob(os.path.join(BUILD, "aarch64/tests/unit/test_*"))
                   if not path.endswith(".d") and os.path.basename(path) not in LEFT_OUT)
    if not tests:
        sys.exit("no unit tests: make aarch64-bin")
    environment = {**os.environ, "FORKSAN_HISTORIES": "1000", "FORKSAN_TREES": "10", "FORKSAN_HOSTILE_SECONDS": "1"}
    for test in tests:
        name = os.path.basename(test)
        result = subprocess.run(["qemu-aarch64-static", test], env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                                errors="replace", check=False)
        allowed, why = KNOWN.get(name, (0, ""))
        print(name, result.returncode, f"({why})" if why else "")
        if result.returncode not in (0, 77) and not 0 < result.returncode <= allowed:
            print(result.stdout[-3000:])
            bad.append(name)
    if bad:
        sys.exit(f"failed: {' '.join(bad)}")


def finding(directory):
    """Two children use their parent's connection: no SO_COOKIE there, and the stacks are native."""
    program = os.path.join(directory, "shares")
    log = os.path.join(directory, "log")
    subprocess.run(["clang", "--target=aarch64-linux-gnu", "-g", "-O1", "-rdynamic", "-o", program,
                    f"-Wl,--dynamic-linker={LIBC}/ld-linux-aarch64.so.1", f"-Wl,-rpath={LIBC}",
                    os.path.join(HERE, "../support/shares.c")], check=True)
    subprocess.run(["qemu-aarch64-static", "-E", f"LD_PRELOAD={BUILD}/aarch64/libforksan.so",
                    "-E", f"FORKSAN_OPTIONS=log_path={log}", program],
                   stdin=subprocess.DEVNULL, check=True)
    with open(log, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    counters = [record for record in records if record["record"] == "summary"][-1]["counters"]
    if counters["connections_watched"] != 1:
        sys.exit(f"connections_watched is {counters['connections_watched']}")
    known = {record["id"]: record["frames"] for record in records if record["record"] == "stack"}
    shared = next(record for record in records if record.get("kind") == "shared-use")
    use = [frame["function"] for frame in known[shared["stack_ids"]["this_use"]] if frame["function"]]
    print("used at:", *use)
    if use[:4] != ["use", "in_handler", "work", "main"]:
        sys.exit("the stack of the use is not use <- in_handler <- (signal) work <- main")


def main():
    for command in ("clang", "qemu-aarch64-static"):
        if not shutil.which(command):
            print(f"needs {command}")
            return 77
    unit_tests()
    with tempfile.TemporaryDirectory() as directory:
        finding(directory)
    print("ok")
    return 0


sys.exit(main())
