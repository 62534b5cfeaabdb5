# SPDX-License-Identifier: MIT
"""Roots of Debian releases, made by debootstrap from the mirror that apt is set up with."""

import contextlib
import os
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


@contextlib.contextmanager
def mounted(directory):
    """/proc and /dev of this machine in the root, and a /dev/shm of its own."""
    done = []
    try:
        for name in ("proc", "dev"):
            run("mount", "--bind", f"/{name}", os.path.join(directory, name))
            done.append(os.path.join(directory, name))
        run("mount", "-t", "tmpfs", "tmpfs", os.path.join(directory, "dev/shm"))
        done.append(os.path.join(directory, "dev/shm"))
        yield
    finally:
        for target in reversed(done):
            subprocess.run(["umount", "-l", target], check=False)
