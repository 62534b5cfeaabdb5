#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Changes one operator at a time in the rooms that judge, and counts what the fast tests notice.

    tests/mutants/mutants.py [-n N] [--seed S] [--at FILE:LINE:COLUMN] [FILE...]

For each FILE (default: those of JUDGING), N mutants (default 12) are drawn with the seed, which is
printed and accepted back.  A mutant is built in a copy of the tree below $BUILD/mutants; the unit and
entry tests run against it, as in `make check`.  It is noticed when it does not compile, or a test
fails or hangs.  A mutant whose object code is that of the original is equivalent and not counted; so
is one that tests/mutants/equivalent names with a reason.

Exit status 1 when fewer than 85 of 100 are noticed.  Those that are not are listed as FILE:LINE:COLUMN.
"""

import argparse
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
JUDGING = ("shim/judge/lineage.h", "shim/judge/*.c", "shim/track/use*.c", "shim/track/goodbye.c", "shim/track/conversation*.c",
           "shim/report/finding_count.c", "shim/registry/registry.c", "shim/registry/process.c",
           "shim/registry/socket.c", "shim/registry/holds.c", "shim/registry/liveness.c",
           "shim/process/*.c", "shim/wire/mysql_reply.c")
WANTED_PERCENT = 85

# An operator and what it becomes.  Unary minus, pointers and address-of are left alone: the pattern
# wants blanks around what has two meanings, as clang-format puts them.
CHANGES = (
    (r" == ", " != "), (r" != ", " == "),
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" && ", " || "), (r" \|\| ", " && "),
    (r" \+ ", " - "), (r" - ", " + "), (r" \| ", " & "), (r" & ", " | "), (r" \^ ", " | "),
    (r" << ", " >> "), (r" >> ", " << "), (r" % ", " / "),
    (r"(?<=[(&|] )!(?=[\w(])", ""), (r"(?<=\()!(?=[\w(])", ""), (r"(?<=return )!(?=[\w(])", ""),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\+\+", "--"), (r" \+= ", " -= "), (r" -= ", " += "), (r" \|= ", " &= "),
)
# What is no code: comments, texts, characters, lines of the preprocessor.
NO_CODE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^#[^\n]*(?:\\\n[^\n]*)*'
                     r'|^_Static_assert.*?;', re.S | re.M)


class Mutant:
    def __init__(self, path, text, start, end, to):
        self.path, self.start = path, start
        self.text = text[:start] + to + text[end:]
        self.line = text.count("\n", 0, start) + 1
        self.column = start - text.rfind("\n", 0, start)
        self.where = f"{path}:{self.line}:{self.column}"
        self.what = f"'{text[start:end].strip()}' -> '{to.strip()}'"
        self.source_line = text.splitlines()[self.line - 1].strip()


def mutants_of(path):
    text = (ROOT / path).read_text()
    blanked = NO_CODE.sub(lambda match: re.sub(r"[^\n]", "\0", match.group()), text)
    found = []
    for pattern, to in CHANGES:
        found += [Mutant(path, text, match.start(), match.end(), to)
                  for match in re.finditer(pattern, blanked)]
    return sorted(found, key=lambda mutant: mutant.start)


def read_equivalent():
    """Lines `FILE: source line: 'from' -> 'to': reason`; the line is named by its text, so that it is
    found again when lines move."""
    path = ROOT / "tests/mutants/equivalent"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line for line in lines if line and not line.startswith("#")]


class Tree:
    """A copy of the sources with a build of its own."""

    def __init__(self, directory):
        self.directory = directory
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True)
        for name in listed.stdout.decode().split("\0"):
            if name and (ROOT / name).is_file():
                (directory / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, directory / name)
        if self.make("build", "unit-bin", "entry-bin") != 0:
            sys.exit(f"{directory} does not build: run make check first")

    def make(self, *targets):
        return subprocess.run(["make", "-s", "-j2", *targets], cwd=self.directory,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env={**os.environ, "BUILD": "build"}, check=False).returncode

    def code(self, path):
        """The object's instructions and data, without where in the source they stand."""
        made = self.directory / "build" / pathlib.Path(path).with_suffix(".o")
        stripped = made.with_suffix(".stripped")
        subprocess.run(["strip", "--strip-debug", "-o", stripped, made], check=True)
        bytes_ = stripped.read_bytes()
        stripped.unlink()
        return bytes_

    def tests(self, path):
        """The fast tests in batches: those named after the file, the other unit tests, the entry tests."""
        build = self.directory / "build"
        stem = pathlib.Path(path).stem
        units = sorted(file for file in (build / "tests/unit").glob("test_*") if file.suffix == "")
        named = [file for file in units if file.name.startswith(f"test_{stem}")]
        entries = sorted(file for file in (build / "tests/entry").glob("test_*") if file.suffix == "")
        return [batch for batch in (named, [file for file in units if file not in named], entries)
                if batch]

    def first_failure(self, path):
        """The name of a test that fails now, or None."""
        for batch in self.tests(path):
            run = subprocess.run(["tests/run", "-o", "build/tests/output", *batch], cwd=self.directory,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                                 env={**os.environ, "BUILD": "build",
                                      "FORKSAN_BUILD": str(self.directory / "build"),
                                      "FORKSAN_TIMEOUT_FACTOR": "0.4", "FORKSAN_HISTORIES": "2000"})
            if run.returncode != 0:
                failed = [line for line in run.stdout.splitlines() if line.startswith(("FAIL", "LATE"))]
                return failed[0].split("(")[0].strip() if failed else "a test"
        return None


def judge(tree, mutant):
    """(word, detail): noticed, missed or equivalent."""
    target = tree.directory / mutant.path
    original = target.read_text()
    before = tree.code(mutant.path)
    try:
        target.write_text(mutant.text)
        if tree.make("build") != 0:
            return "noticed", "by the compiler"
        if tree.code(mutant.path) == before:
            return "equivalent", "same code"
        tree.make("unit-bin", "entry-bin")
        failed = tree.first_failure(mutant.path)
        return ("noticed", failed) if failed else ("missed", mutant.source_line)
    finally:
        target.write_text(original)
        tree.make("build")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=12, dest="number")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--at", action="append", default=[])
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()
    files = arguments.files or sorted(str(path.relative_to(ROOT)) for pattern in JUDGING
                                      for path in ROOT.glob(pattern))
    if arguments.at:
        files = sorted({place.split(":")[0] for place in arguments.at})
    equivalent = read_equivalent()
    print(f"seed {arguments.seed}", flush=True)
    tree = Tree(pathlib.Path(os.environ.get("BUILD", "build")).resolve() / "mutants")
    total = {"noticed": 0, "missed": 0, "equivalent": 0}
    table, missed = [], []
    for path in files:
        draw = random.Random(f"{arguments.seed} {path}")
        found = mutants_of(path)
        chosen = [mutant for mutant in found if mutant.where in arguments.at] if arguments.at else \
            sorted(draw.sample(found, min(arguments.number, len(found))), key=lambda m: m.start)
        count = {"noticed": 0, "missed": 0, "equivalent": 0}
        for mutant in chosen:
            named = f"{mutant.path}: {mutant.source_line}: {mutant.what}: "
            if any(line.startswith(named) for line in equivalent):
                word, detail = "equivalent", "by tests/mutants/equivalent"
            else:
                word, detail = judge(tree, mutant)
            count[word] += 1
            total[word] += 1
            if word == "missed":
                missed.append(f"{mutant.where} {mutant.what}: {mutant.source_line}")
            print(f"{word:10} {mutant.where} {mutant.what} {detail}", flush=True)
        table.append(f"{path:40} {count['noticed']:3} of {count['noticed'] + count['missed']:3}")
    print("\n" + "\n".join(table))
    for line in missed:
        print(f"missed  {line}")
    counted = total["noticed"] + total["missed"]
    percent = 100 * total["noticed"] // counted if counted else 100
    print(f"{total['noticed']} of {counted} noticed ({percent} %), {total['equivalent']} equivalent")
    return 0 if percent >= WANTED_PERCENT else 1


if __name__ == "__main__":
    sys.exit(main())
