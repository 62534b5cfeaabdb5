#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Other Debian releases, older and newer: in a root of each the source builds, the founding scenario is
caught, and the frames of its interpreters are read.

    tests/roots/roots.py SUITE...        bullseye (glibc 2.31, the oldest that mirrors still have), trixie, sid;
                                         experimental: sid with the interpreters that are there alone

Needs root and debootstrap; packages come from the mirror that apt is set up with.  Roots are kept in
$BUILD/roots/SUITE and used again; one takes 600 MB and some minutes.  docs/interpreters.md has what was
seen.  The last lines are the table: suite, step, result.
"""

import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import root

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
INTERPRETERS = ("python3", "ruby", "perl", "php-cli", "libunwind8", "binutils")
EXPERIMENTAL = ("ruby3.4", "php8.5-cli")

STEPS = (
    ("versions", "ldd --version | head -n 1; gcc --version | head -n 1; python3 --version; ruby --version;"
                 " perl -e 'print \"perl $^V\\n\"'; php --version | head -n 1"),
    ("builds", "make -j2 build build/libinner.a"),
    ("founding scenario", "BUILD=/forksan/build FORKSAN_BUILD=/forksan/build python3 tests/scenario/demo.py"),
    *((f"frames of {name}", f"BUILD=/forksan/build python3 tests/stack/test_{name}_frames.py")
      for name in ("python", "ruby", "perl", "php")),
)


EXPERIMENTAL_STEPS = (
    ("versions", "ldd --version | head -n 1; ruby3.4 --version; php8.5 --version | head -n 1"),
    ("builds", "make -j2 build build/libinner.a"),
    ("frames of ruby", "BUILD=/forksan/build FORKSAN_RUBY=/usr/bin/ruby3.4 python3 tests/stack/test_ruby_frames.py"),
    ("frames of php", "BUILD=/forksan/build FORKSAN_PHP=/usr/bin/php8.5 python3 tests/stack/test_php_frames.py"),
)


def copy_source(into):
    """What git tracks, as it stands in the working tree; what was built before stays."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    os.makedirs(into, exist_ok=True)
    for name in names.decode().split("\0"):
        source = os.path.join(ROOT, name)
        if name and os.path.exists(source):
            os.makedirs(os.path.dirname(os.path.join(into, name)), exist_ok=True)
            shutil.copy2(source, os.path.join(into, name))


def inside(directory, script, out):
    return subprocess.run(["chroot", directory, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
                           "DEBIAN_FRONTEND=noninteractive", "PYTHONDONTWRITEBYTECODE=1",
                           "sh", "-c", f"cd /forksan && {script}"],
                          stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, text=True,
                          check=False)


def try_suite(suite):
    directory = os.path.join(BUILD, "roots", suite)
    table = []
    experimental = suite == "experimental"
    sources = os.path.join(directory, "etc/apt/sources.list")
    if not os.path.exists(sources):
        root.make("sid" if experimental else suite, directory, ("make",))
        if experimental:
            with open(sources, encoding="ascii") as file:
                lines = file.read()
            with open(sources, "a", encoding="ascii") as file:
                file.write(lines.replace(" sid ", " experimental "))
    # A mirror may be a snapshot, whose index is out of date.
    with open(os.path.join(directory, "etc/apt/apt.conf.d/99forksan"), "w", encoding="ascii") as conf:
        conf.write('Acquire::Check-Valid-Until "false";\n')
    with root.mounted(directory):
        copy_source(os.path.join(directory, "forksan"))
        wanted = ("python3", "libunwind8", "binutils", *EXPERIMENTAL) if experimental else INTERPRETERS
        prepared = inside(directory, f"tests/support/deps.sh {'build' if experimental else 'demo'} && "
                          "apt-get -qq -y install --no-install-recommends "
                          f"{' '.join(wanted)}", subprocess.PIPE)
        if prepared.returncode != 0:
            print(prepared.stdout[-2000:])
            return [(suite, "packages", f"status {prepared.returncode}")]
        for name, script in EXPERIMENTAL_STEPS if experimental else STEPS:
            result = inside(directory, script, subprocess.PIPE)
            if name == "versions":
                table.append((suite, name, "; ".join(result.stdout.splitlines())))
                continue
            table.append((suite, name, {0: "ok", 77: "skipped"}.get(result.returncode, "FAILED")))
            if result.returncode not in (0, 77):
                print(f"--- {suite}: {name}\n{result.stdout[-4000:]}", flush=True)
    return table


def main():
    if os.getuid() != 0 or not shutil.which("debootstrap"):
        print("needs root and debootstrap")
        return 77
    table = [row for suite in sys.argv[1:] for row in try_suite(suite)]
    for row in table:
        print("{:<10} {:<18} {}".format(*row))
    return 0 if table and not any(row[2].startswith(("FAILED", "status")) for row in table) else 1


sys.exit(main())
