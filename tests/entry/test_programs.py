#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Programs that forksan cannot be in, started by one that it is in: they run as without forksan, are
counted, and the log names each once with the reason.  Started by fork and exec, from a vfork child
(subprocess), by posix_spawn and by the system call's number.
"""

import json
import os
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(os.environ.get("FORKSAN_BUILD", "build"))
SHIM = os.path.join(BUILD, "libforksan.so")

# Says whether libforksan.so is still in its environment.
HELLO = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void)
{
	const char *preload = getenv("LD_PRELOAD");
	printf("%s\n", preload && strstr(preload, "libforksan") ? "with" : "without");
	return 5;
}
"""

# Starts argv[1] in every way, and prints each exit status.
STARTER = r"""
import ctypes, os, platform, subprocess, sys
path = sys.argv[1]
def by_number():
    pid = os.fork()
    if pid == 0:
        words = [path, *(f"{name}={value}" for name, value in os.environ.items())]
        argv, envp = ((ctypes.c_char_p * (len(some) + 1))(*map(os.fsencode, some), None)
                      for some in (words[:1], words[1:]))
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall({"x86_64": 59, "aarch64": 221}[platform.machine()], os.fsencode(path), argv, envp)
        os._exit(100 + ctypes.get_errno())
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
pid = os.fork()
if pid == 0:
    try:
        os.execve(path, [path], os.environ)
    except OSError as error:
        os._exit(100 + error.errno)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
for start in (lambda: subprocess.run([path]).returncode,
              lambda: os.waitstatus_to_exitcode(
                  os.waitpid(os.posix_spawn(path, [path], os.environ), 0)[1]),
              lambda: os.waitstatus_to_exitcode(
                  os.waitpid(os.posix_spawnp(os.path.basename(path), [path], os.environ), 0)[1]),
              by_number):
    try:
        print(start(), flush=True)
    except OSError as error:
        print(type(error).__name__, flush=True)
"""

failures = 0


def check(condition, what, *details):
    global failures
    if not condition:
        failures += 1
        print("FAILED:", what, *details)


def build(directory, name, *command):
    source = os.path.join(directory, "hello.c")
    with open(source, "w", encoding="ascii") as out:
        out.write(HELLO)
    path = os.path.join(directory, name)
    if subprocess.run([*command, "-o", path, source], check=False, stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL).returncode != 0:
        print(f"not tested: {name} ({' '.join(command)} does not work here)")
        return None
    return path


def run(directory, program, preloaded, more=""):
    """Standard output and error, and the log's records."""
    log = os.path.join(directory, "log")
    if os.path.exists(log):
        os.unlink(log)
    environment = dict(os.environ, PATH=directory + ":/usr/bin:/bin")
    environment.pop("LD_PRELOAD", None)
    if preloaded:
        environment.update(LD_PRELOAD=SHIM + more, FORKSAN_OPTIONS="log_path=" + log)
    result = subprocess.run([sys.executable, "-c", STARTER, program], env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, text=True,
                            timeout=60)
    records = []
    if preloaded:
        with open(log, encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
    return result.stdout, result.stderr, records


def same(directory, program, reason, keeps_us):
    """The program starts five times, as it does bare; `reason`: why it is unseen."""
    name = os.path.basename(program)
    bare, _, _ = run(directory, program, preloaded=False)
    out, err, records = run(directory, program, preloaded=True)
    word = "with" if keeps_us else "without"
    check(out.replace("with\n", "without\n") == bare, name, "runs as without forksan", bare, out)
    check(out.count(word + "\n") == bare.count("without\n"), name, "is started", word, out)
    check(err == "", name, "complains of nothing", err)
    named = [record for record in records if record["record"] == "process"]
    counted = records[-1]["counters"]["exec_unseen"]
    if not reason:
        check(counted == 0 and not named, name, "is not counted", counted, named)
        return
    check(counted == 5, name, "is counted each time", counted)
    check(len(named) == 1, name, "is named once", named)
    check(named and named[0]["counter"] == "exec_unseen" and
          named[0]["text"].endswith(f"{reason}"), name, "is named with its reason", named)


def main():
    with tempfile.TemporaryDirectory() as directory:
        ordinary = build(directory, "ordinary", "gcc")
        same(directory, ordinary, None, keeps_us=True)
        for name, command in (("static", ("gcc", "-static")),
                              ("static-pie", ("gcc", "-static-pie"))):
            path = build(directory, name, *command)
            if path:
                same(directory, path, f"{path} is statically linked", keeps_us=True)
        path = build(directory, "narrow", "gcc", "-m32")
        if path:
            same(directory, path, f"{path} is for another machine or word size", keeps_us=False)
        musl = build(directory, "musl", "musl-gcc")
        if musl:
            same(directory, musl, f"{musl} is made for another libc", keeps_us=False)
            script = os.path.join(directory, "script")
            with open(script, "w", encoding="ascii") as out:
                out.write(f"#! \t{musl} argument\n")
            os.chmod(script, 0o755)
            same(directory, script, f"{musl} is made for another libc", keeps_us=False)
            other = build(directory, "other.so", "gcc", "-shared", "-fPIC", "-nostdlib")
            out, err, _ = run(directory, musl, True, more=":" + other)
            check("without\n" in out, "what else is preloaded stays", out, err)
        # The kernel refuses it, at once; nobody opens it.
        fifo = os.path.join(directory, "fifo")
        os.mkfifo(fifo, 0o755)
        bare, _, _ = run(directory, fifo, preloaded=False)
        out, _, records = run(directory, fifo, preloaded=True)
        check(out == bare, "a FIFO is no program", bare, out)
        check(records[-1]["counters"]["exec_unseen"] == 0, "and is not counted", records[-1])
    sys.exit(1 if failures else 0)


main()
