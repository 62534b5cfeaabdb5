# SPDX-License-Identifier: MIT
"""Roots of Debian releases, made by debootstrap from the mirror that apt is set up with."""

import contextlib
import ctypes
import os
import stat
import subprocess
import sys


def run(*command, **more):
    """The output of a command; a failure ends the test."""
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, check=False, **more)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {result.returncode}\n{result.stdout[-6000:]}")
    return result.stdout


def mirror():
    """The first mirror of Debian itself (no security archive) that apt has an index of; [] for
    debootstrap's own."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(LABEL) $(REPO_URI)",
                             "Created-By: Packages"], stdout=subprocess.PIPE, text=True, check=False).stdout
    return [line.split()[2] for line in listed.splitlines() if line.startswith("Debian Debian ")][:1]


def make(suite, directory, packages):
    os.makedirs(directory, exist_ok=True)
    run("debootstrap", "--variant=minbase", f"--include={','.join(packages)}", suite, directory, *mirror())
    with open(os.path.join(directory, "etc/hosts"), "w", encoding="ascii") as hosts:
        hosts.write(f"127.0.0.1 localhost {os.uname().nodename}\n")


DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}  # of memory: mem(4)
CLONE_NEWNS = 0x00020000


def leave_mounts_behind():
    """From here on this process mounts in a namespace of its own: however the test ends, nothing of it is
    mounted anywhere."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        sys.exit(f"unshare: {os.strerror(ctypes.get_errno())}")
    run("mount", "--make-rprivate", "/")


def make_devices(directory):
    """A /dev of its own: who removes the root must not find this machine's there."""
    run("mount", "-t", "tmpfs", "tmpfs", directory)
    for name, minor in DEVICES.items():
        os.mknod(os.path.join(directory, name), stat.S_IFCHR, os.makedev(1, minor))
        os.chmod(os.path.join(directory, name), 0o666)
    for name, target in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        os.symlink(f"/proc/self/fd{target}", os.path.join(directory, name))
    os.mkdir(os.path.join(directory, "shm"))
    os.chmod(os.path.join(directory, "shm"), 0o1777)


@contextlib.contextmanager
def mounted(directory):
    """/proc of this machine in the root, and a /dev and /dev/shm of its own."""
    leave_mounts_behind()
    proc, dev = (os.path.join(directory, name) for name in ("proc", "dev"))
    run("mount", "--bind", "/proc", proc)
    make_devices(dev)
    try:
        yield
    finally:
        for target in dev, proc:
            subprocess.run(["umount", "-l", target], check=False)
