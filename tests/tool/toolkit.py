# SPDX-License-Identifier: MIT
"""What the tests of the tool share: how it is called, and logs made for it.

Tests run from the project's root with BUILD naming the build directory.
"""

import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from checks import check, failures, finish  # noqa: E402,F401

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
FORKSAN = os.path.join(BUILD, "forksan")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GOLDEN = os.path.join(ROOT, "tests", "golden")
SCHEMA = os.path.join(ROOT, "docs", "log.schema.json")


def skip(reason):
    print(reason)
    sys.exit(77)


def run(*arguments, stdin=None, env=None, program=FORKSAN, timeout=60, **more):
    """Runs the tool; text in and out, undecodable bytes kept as they are."""
    return subprocess.run(
        [program, *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        env=env,
        timeout=timeout,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
        **more,
    )


def golden_lines(name="founding.jsonl"):
    with open(os.path.join(GOLDEN, name), encoding="utf-8", errors="surrogateescape") as file:
        return file.read().splitlines()


def golden_finding(kind="shared-use"):
    for line in golden_lines():
        record = json.loads(line)
        if record.get("kind") == kind:
            return record
    raise LookupError(kind)


def finding(**changes):
    """A finding with fields replaced; a dict replaces only the keys that it has."""
    record = copy.deepcopy(golden_finding(changes.pop("like", "shared-use")))
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(record.get(name), dict):
            record[name].update(value)
        else:
            record[name] = value
    return record


def log_of(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


def json_report(*records, arguments=()):
    """What `report --json -` says of these records."""
    result = run("report", "--json", *arguments, "-", stdin=log_of(*records))
    return json.loads(result.stdout)


class Directory:
    """A directory that goes at the end of the test."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="forksan-tool-")

    def __enter__(self):
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def is_sanitized():
    """Built with AddressSanitizer, whose shadow needs address space without limit."""
    with open(FORKSAN, "rb") as file:
        return b"__asan_init" in file.read()


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def compile_c(directory, name, source, *flags):
    """Compiles a C program (or library, by its flags); returns its path."""
    path = os.path.join(directory, name)
    source_path = write(os.path.join(directory, name + ".c"), source)
    subprocess.run([os.environ.get("CC", "cc"), "-o", path, source_path, *flags], check=True)
    return path


def exports(program, symbol):
    """Whether the program itself, not a library of its, defines the symbol."""
    listed = subprocess.run(["nm", "-D", "--defined-only", os.path.realpath(program)], capture_output=True, text=True,
                            check=False)
    return f" {symbol}\n" in listed.stdout


def private_tool(directory):
    """A copy of the tool beside an empty libforksan.so: for what needs no shim."""
    tool = os.path.join(directory, "forksan")
    shutil.copy(FORKSAN, tool)
    compile_c(directory, "libforksan.so", "int forksan_nothing;\n", "-shared", "-fPIC")
    return tool
