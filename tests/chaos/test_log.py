#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Logs that cannot be written: the program goes on as without us, stderr says once what is missing,
and nothing of ours goes where it was not asked to."""

import contextlib
import os
import resource
import socket
import stat
import subprocess

import chaos
from chaos import check, forksan_log

WORDS = "connect use fork{ use } use leave{ use }".split()


def run(place, argv, log_path, **more):
    env = forksan_log.forksan_env(log_path)
    return place.once(argv, env, timeout=60, **more)


def complaints(result):
    return [line for line in result.err.splitlines() if "forksan: cannot write" in line]


@contextlib.contextmanager
def small_disk(path, kib):
    """A tmpfs of `kib` at `path`; None when mounting is not allowed."""
    os.mkdir(path)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", path],
                          check=False, stderr=subprocess.DEVNULL)
    if made.returncode != 0:
        yield None
        return
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


def main():
    with chaos.Place() as place:
        share = place.build("share.c")
        bare = place.fresh(None) or place.once([share, *WORDS], forksan_log.bare_env())

        def same(what, log_path, complains=True, argv=None, **more):
            place.fresh(None)
            result = run(place, argv or [share, *WORDS], log_path, **more)
            chaos.compare.compared += 1
            check((result.status, result.out) == (bare.status, bare.out), f"{what}: goes on",
                  result)
            if complains:
                said = complaints(result)
                check(said, f"{what}: stderr says so", result.err[:500])
                check(len({line.split("==")[1] for line in said}) == len(said),
                      f"{what}: once a process", said)
                check("WARNING" in result.err or "forksan" in result.err.replace(
                    "forksan: cannot write", ""), f"{what}: reports go to stderr", result.err[:500])
            else:
                check(not result.err, f"{what}: stderr stays silent", result.err[:500])

        same("/dev/full", "/dev/full")
        same("/dev/null", "/dev/null", complains=False)
        same("no such directory", "/nonexistent/log")
        same("a directory", place.path)
        same("a file as directory", "/etc/passwd/log")
        with open(os.path.join(place.path, "readonly"), "w", encoding="ascii"):
            pass
        fifo = os.path.join(place.path, "fifo")
        os.mkfifo(fifo)
        same("a FIFO that nobody reads", fifo)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(place.path, "socket"))
        same("a socket", os.path.join(place.path, "socket"))
        same("a circle of links", make_circle(place.path))
        # A full FIFO with a reader that does not read.
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        same("a full FIFO", fifo)
        os.close(reader)
        os.close(writer)

        # Both places for reports closed: silence, and no byte in what took the numbers.
        same("stderr closed too", "/nonexistent/log", complains=False,
             preexec_fn=lambda: os.close(2))

        if os.getuid() == 0:
            disk = os.path.join(place.path, "disk")
            with small_disk(disk, 8) as mounted:
                if mounted:
                    log = os.path.join(disk, "log")
                    same("a disk of 8 KiB", log)
                    with open(log, "rb") as written:
                        whole = written.read().split(b"\n")
                    check(len(whole) > 1 and whole[0].startswith(b'{"record":"session"'),
                          "what fits is there", whole[0][:200])
                else:
                    print("not tested: a small disk (mount is not allowed)")

        # A log that ends in half a line: the next begins its own.
        path = os.path.join(place.path, "half")
        with open(path, "w", encoding="ascii") as out:
            out.write('{"record":"sess')
        same("half a line", path, complains=False)
        with open(path, encoding="utf-8") as log:
            lines = log.read().splitlines()
        check(lines[0] == '{"record":"sess' and lines[1].startswith('{"record":"session"'),
              "a new line after half a line", *lines[:2])
        check(stat.S_ISDIR(os.stat("/dev").st_mode) and stat.S_ISCHR(os.stat("/dev/full").st_mode)
              and not os.path.exists("/nonexistent"), "nothing was made or replaced")

        # Little memory: the registry does not fit.
        for mib in (8, 30, 60, 100, 200, 400, 1000):
            def small(mib=mib):
                resource.setrlimit(resource.RLIMIT_AS, (mib << 20, mib << 20))

            bare_small = place.once([share, *WORDS], forksan_log.bare_env(), preexec_fn=small)
            ours = run(place, [share, *WORDS], os.path.join(place.path, f"log{mib}"),
                       preexec_fn=small)
            check((ours.status, ours.out) == (bare_small.status, bare_small.out),
                  f"{mib} MiB of address space: goes on", ours)
    chaos.finish()


def make_circle(directory):
    path = os.path.join(directory, "circle")
    os.symlink(path, path)
    return path


if __name__ == "__main__":
    main()
