#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make attach-kernels: `forksan attach` on Debian's kernels, each booted in qemu without KVM (30 to 170 s) with
the static test program: the same kinds as here, and nothing lost.  Prints a table.

    tests/attach/kernels.py [SUITE]...        bullseye, bookworm, bookworm-backports, trixie, trixie-backports, sid

Kernels come from the mirror that apt is set up with, by an apt of their own, and are kept below build/kernels.
Needs qemu-system-x86, busybox-static and cpio.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
import root  # noqa: E402

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
KEPT = os.path.join(BUILD, "kernels")
SUITES = ("bullseye", "bookworm", "bookworm-backports", "trixie", "trixie-backports", "sid")
PACKAGE = "linux-image-cloud-amd64"  # the kernel for virtual machines: a third of the other's size
CROSSED = ["crossed-reply"]
USES = ["inherited-use", "shared-use"]
WAYS = {"shared": USES, "raw": USES, "unix /tmp/socket": USES, "uring": ["shared-use"], "sendfile": [*CROSSED, *USES],
        "splice": USES, "crossed": [*CROSSED, USES[1]], "goodbye": ["foreign-goodbye"], "clean": []}
# In strict mode: what the program says, and which actions the findings of each kind may have: what user space alone
# can judge ends a process if it still runs then.  Whether the bystander's answer is told as a crossed one depends on
# whose record came first.
SIBLINGS = "the second: aborted\nthe first: undisturbed\n"
BYSTANDER = "the bystander: undisturbed\n"
GOODBYE = {"foreign-goodbye": {None, "aborted"}}
STRICT = {"siblings": (SIBLINGS, {"inherited-use": {None}, "shared-use": {"aborted"}}),
          "thief": (SIBLINGS, {"inherited-use": {None}, "shared-use": {"aborted"}}),
          "shared": ("", {"inherited-use": {None}, "shared-use": {None, "aborted"}}),
          "goodbye": ("", GOODBYE),
          "waiter": (BYSTANDER, {**GOODBYE, "crossed-reply": {None, "no finding"}}),
          "poller": (BYSTANDER, {**GOODBYE, "crossed-reply": {None, "no finding"}}),
          "clean": ("", {})}
COMMAND = """echo "@way {name}"
FORKSAN_OPTIONS=mode={mode} /forksan/forksan attach --quiet -o /tmp/log -- /program {way} 2>&1
echo "@status $?"
cat /tmp/log
rm -f /tmp/log"""
PATIENCE_S = 900

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /tmp
mount -t tmpfs shm /dev/shm
ip link set lo up
echo "@kernel $(uname -r)"
{commands}
echo "@end"
poweroff -f
"""


def find_kernel(where):
    return glob.glob(os.path.join(where, "**", "vmlinuz*"), recursive=True)


def fetch(suite):
    """The path of the suite's newest kernel."""
    where = os.path.join(KEPT, suite)
    if not find_kernel(where):
        mirrors = root.mirror()
        if not mirrors:
            sys.exit("apt has no index of a mirror of Debian: run apt-get update")
        shutil.rmtree(where, True)
        state = os.path.join(where, "apt")
        for name in ("lists/partial", "cache/archives/partial", "etc"):
            os.makedirs(os.path.join(state, name))
        base = suite.split("-", maxsplit=1)[0]
        with open(os.path.join(state, "etc", "list"), "w", encoding="utf-8") as file:
            for name in sorted({base, suite}):
                file.write(f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirrors[0]} {name} main\n")
        apt = ["apt-get", "-qq", "-o", f"Dir::State={state}", "-o", f"Dir::State::lists={state}/lists",
               "-o", f"Dir::Cache={state}/cache", "-o", f"Dir::Etc::sourcelist={state}/etc/list",
               "-o", "Dir::Etc::sourceparts=-", "-o", "Dir::State::status=/dev/null", "-o", "APT::Sandbox::User=root"]
        subprocess.run([*apt, "update"], check=True)

        def depends(package, pattern):
            shown = subprocess.run(["apt-cache", *apt[2:], "-t", suite, "depends", package], capture_output=True,
                                   text=True, check=True).stdout
            return re.search(rf"Depends: ({pattern}\S+)", shown)

        image = depends(PACKAGE, "linux-image-[0-9]")[1]
        binary = depends(image, "linux-binary-[0-9]")  # since 7
        subprocess.run([*apt, "download", "-t", suite, binary[1] if binary else image], check=True, cwd=where)
        subprocess.run(["dpkg-deb", "-x", *glob.glob(os.path.join(where, "*.deb")), where], check=True)
        shutil.rmtree(state)
    return find_kernel(where)[0]


def libraries(program):
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"(/\S+) \(0x", listed)


def make_initrd(directory):
    root = os.path.join(directory, "root")
    for name in ("bin", "forksan", "proc", "sys", "dev", "tmp"):
        os.makedirs(os.path.join(root, name))
    shutil.copy("/bin/busybox", os.path.join(root, "bin"))
    for name in ("forksan", "forksan-attach"):
        program = os.path.join(BUILD, name)
        shutil.copy(program, os.path.join(root, "forksan"))
        for library in libraries(program):
            os.makedirs(root + os.path.dirname(library), exist_ok=True)
            shutil.copy(library, root + library)
    subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-D_GNU_SOURCE", "-g", "-O1", "-static", "-o",
                    os.path.join(root, "program"), os.path.join(HERE, "program.c")], check=True)
    commands = [COMMAND.format(name=way, way=way, mode="warn") for way in WAYS]
    commands += [COMMAND.format(name=f"strict {way}", way=way, mode="strict") for way in STRICT]
    init = os.path.join(root, "init")
    with open(init, "w", encoding="utf-8") as file:
        file.write(INIT.format(commands="\n".join(commands)))
    os.chmod(init, 0o755)
    initrd = os.path.join(directory, "initrd")
    with open(initrd, "wb") as file:
        files = subprocess.run(["find", ".", "-print0"], cwd=root, stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["cpio", "--null", "--create", "--format=newc", "--quiet"], cwd=root, input=files, stdout=file,
                       check=True)
    return initrd


def boot(kernel, initrd):
    """What the console said."""
    return subprocess.run(["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "1024", "-nographic", "-no-reboot",
                           "-kernel", kernel, "-initrd", initrd, "-append", "console=ttyS0 quiet panic=-1 no_timer_check lsm=bpf"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
                          timeout=PATIENCE_S, check=False).stdout.replace("\r", "")


def records_of(said):
    return [json.loads(line) for line in said.splitlines() if line.startswith('{"record"')]


def verdict(way, said):
    """An empty string, or what is wrong with one way's part of the console's text."""
    records = records_of(said)
    kinds = sorted({record["kind"] for record in records if record["record"] == "finding"})
    summaries = [record for record in records if record["record"] == "summary"]
    if not summaries:
        words = [line for line in said.splitlines() if line.startswith("forksan")]
        return words[0] if words else "no summary"
    lost = {name: value for name, value in summaries[-1]["counters"].items() if name.startswith("lost_") and value}
    if kinds != WAYS[way]:
        return f"{way}: {kinds}"
    return f"{way}: {lost}" if lost else ""


def strict_verdict(way, said):
    words, wanted = STRICT[way]
    refused = re.search(r"strict mode needs .*", said)
    if refused:
        return refused[0]
    done = {}
    for record in records_of(said):
        if record["record"] == "finding":
            done.setdefault(record["kind"], set()).add(record.get("action"))
    is_wanted = done.keys() <= wanted.keys() and all(done.get(kind, {"no finding"}) <= wanted[kind] for kind in wanted)
    return "" if is_wanted and words in said else f"{way}: {done} {said[:300]!r}"


def try_suite(suite, initrd):
    said = boot(fetch(suite), initrd)
    release = re.search(r"@kernel (\S+)", said)
    ways = dict(part.split("\n", 1) for part in said.split("@way ")[1:])
    wrong = {verdict(way, ways.get(way, "")) for way in WAYS}
    wrong_strict = {strict_verdict(way, ways.get(f"strict {way}", "")) for way in STRICT}
    cells = [suite, release[1] if release else "?"]
    for words in (wrong, wrong_strict):
        cells.append("; ".join(sorted(word for word in words if word)) or "works")
    print(f"| {' | '.join(cells)} |", flush=True)
    if not release or "@end" not in said:
        print(said[-3000:])


def main():
    for program in ("qemu-system-x86_64", "busybox", "cpio", "dpkg-deb"):
        if not shutil.which(program):
            print(f"needs {program}")
            sys.exit(77)
    print("| suite | kernel | attach | strict |\n| --- | --- | --- | --- |", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        initrd = make_initrd(directory)
        for suite in sys.argv[1:] or SUITES:
            try_suite(suite, initrd)


main()
