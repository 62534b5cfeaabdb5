#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Free-threaded CPython 3.13, which no Debian release has as a package: built from Debian 13's source.

    tests/roots/free_threaded.py DIRECTORY       DIRECTORY/bin/python3.13 then

The source comes from the mirror that apt is set up with.  250 MB, and some minutes.
"""

import glob
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import root

SUITE, SOURCE = "trixie", "python3.13"


def fetch(work):
    """The source's directory."""
    mirror = root.mirror()
    if not mirror:
        sys.exit("apt has no index of a mirror of Debian: apt-get update")
    sources = os.path.join(work, "sources.list")
    with open(sources, "w", encoding="ascii") as out:
        out.write(f"deb-src {mirror[0]} {SUITE} main\n")
    options = ["-q"]
    for name, value in (("Dir::Etc::sourcelist", sources), ("Dir::Etc::sourceparts", "/dev/null"),
                        ("Dir::State::lists", os.path.join(work, "lists")), ("Dir::Cache", work),
                        ("APT::Sandbox::User", "root"), ("Acquire::Check-Valid-Until", "false")):
        options += ["-o", f"{name}={value}"]
    os.makedirs(os.path.join(work, "lists/partial"))
    root.run("apt-get", *options, "update")
    root.run("apt-get", *options, "source", "--download-only", SOURCE, cwd=work)
    archive, = glob.glob(os.path.join(work, "*.orig.tar.xz"))
    root.run("tar", "-xJf", archive, cwd=work)
    return glob.glob(os.path.join(work, "Python-*"))[0]


def main(directory):
    directory = os.path.abspath(directory)
    work = directory + ".new"
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    source = fetch(work)
    with open(os.path.join(work, "log"), "w", encoding="utf-8") as log:
        for command in (["./configure", "--disable-gil", f"--prefix={directory}", "--without-ensurepip"],
                        ["make", f"-j{os.cpu_count()}"], ["make", "altinstall"]):
            if subprocess.run(command, cwd=source, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                              check=False).returncode != 0:
                sys.exit(f"{' '.join(command)} failed: {log.name}")
    shutil.rmtree(work)


if __name__ == "__main__":
    main(sys.argv[1])
