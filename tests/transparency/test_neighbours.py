#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Other libraries beside ours in LD_PRELOAD, before and after it, and sanitizers in the program."""

import glob
import os
import subprocess

import compare
from compare import check, forksan_log


def runtime(name):
    """A library of gcc's, by its soname's path."""
    path = subprocess.run(["gcc", f"-print-file-name={name}"], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()
    return os.path.realpath(path) if os.path.isabs(path) else None


def neighbours(place):
    """(name, path, environment)"""
    torsocks = os.path.join(place.path, "torsocks.conf")
    with open(torsocks, "w", encoding="ascii") as conf:
        conf.write("AllowOutboundLocalhost 1\nAllowInbound 1\n")
    libraries = "/usr/lib/x86_64-linux-gnu"
    for name, pattern, variables in (
            ("jemalloc", f"{libraries}/libjemalloc.so.2", {}),
            ("tcmalloc", f"{libraries}/libtcmalloc_minimal.so.4", {}),
            ("libfaketime", f"{libraries}/faketime/libfaketimeMT.so.1",
             {"FAKETIME": "1999-12-31 23:59:00", "FAKETIME_NO_CACHE": "1"}),
            ("libeatmydata", f"{libraries}/libeatmydata.so", {}),
            ("torsocks", f"{libraries}/torsocks/libtorsocks.so",
             {"TORSOCKS_CONF_FILE": torsocks, "TORSOCKS_LOG_LEVEL": "1"})):
        found = glob.glob(pattern.replace("x86_64", os.uname().machine))
        if found:
            yield name, found[0], variables
        else:
            print(f"not compared: {name} is not installed")
    for name, macro in (("an allocator that reads files", "HOOK_MALLOC"),
                        ("a library that is early and late", "HOOK_EARLY"),
                        ("a library that wraps the same", "HOOK_SAME")):
        path = compare.compile_c(place.path, macro + ".so", "neighbours.c", f"-D{macro}", "-shared",
                                 "-fPIC", "-fno-builtin", "-ldl")
        if check(path, f"{name} can be built"):
            yield name, path, {}


def main():
    with compare.Place() as place:
        talk = compare.compile_c(place.path, "talk", "talk.c")
        for name, path, variables in neighbours(place):
            for order in (["forksan", path], [path, "forksan"]):
                where = "after" if order[0] == "forksan" else "before"
                # faketime's year is that of the log, too.
                for what, argv, status in (
                        (f"{name} {where} ours: talk", [talk], 9),
                        (f"{name} {where} ours: python",
                         ["/usr/bin/python3", "-c", "import subprocess, os, threading; "
                          "print(subprocess.run(['sh', '-c', 'exit 3']).returncode, "
                          "os.waitpid(os.spawnlp(os.P_NOWAIT, 'true', 'true'), 0)[1])"], 0)):
                    place.same(what, argv, preload=order, variables=variables, expect=status,
                               options={"watch": "all"})
        asan = runtime("libasan.so")
        for name, flags, variables, order in (
                ("AddressSanitizer, its runtime first", ["-fsanitize=address,undefined"], {},
                 [asan, "forksan"]),
                ("AddressSanitizer, linked statically", ["-fsanitize=address", "-static-libasan"],
                 {}, ["forksan"]),
                ("AddressSanitizer, ours first", ["-fsanitize=address"],
                 {"ASAN_OPTIONS": "verify_asan_link_order=0"}, ["forksan"]),
                ("ThreadSanitizer", ["-fsanitize=thread"],
                 {"TSAN_OPTIONS": "die_after_fork=0"}, ["forksan"]),
                ("UndefinedBehaviorSanitizer", ["-fsanitize=undefined"], {}, ["forksan"])):
            program = compare.compile_c(place.path, "sanitized", "talk.c", *flags)
            if check(program, f"{name}: can be built"):
                place.same(name, [program, "5"], preload=order, variables=variables, expect=9,
                           options={"watch": "all"},
                           after=lambda log, name=name: check(
                               log.counters.get("connections_watched", 0) >= 6,
                               f"{name}: its connections were watched", log.counters))
                run = place.once([forksan_log.TOOL, "run", program, "5"], forksan_log.bare_env())
                check(run.status == 9 and "no findings" in run.err, f"{name}: by forksan run", run)
    compare.finish()


if __name__ == "__main__":
    main()
