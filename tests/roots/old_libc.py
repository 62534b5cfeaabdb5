#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""glibc 2.17, the oldest that the library loads with: the entry tests as programs of that libc, once with the
library as it is built for this machine, once with the one that was built with headers of that age; and
`forksan run` with a program of that libc, whose stacks are read.  `make old-libc` builds what is needed."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
OLD = os.path.join(BUILD, "glibc-2.17")
HERE = os.path.dirname(os.path.abspath(__file__))

sys.path.insert(0, os.path.join(HERE, "../support"))
from other_libc import check_stacks, entry_tests  # noqa: E402

# Cases that fail without forksan, too.
KNOWN = (
    # Debian's libraries need a newer libc.
    *(f"{place} {name}" for place in ("before", "after")
      for name in ("jemalloc", "tcmalloc", "libeatmydata", "libfaketime")),
    # posix_spawn() of 2.17 reports no failed exec.
    "posix_spawn: a program without us is counted",
    "posix_spawnp: a program without us is counted",
)

VERSION = "int puts(const char *); const char *gnu_get_libc_version(void); int main(void) { puts(gnu_get_libc_version()); }"


def compiled(directory, name, source, *flags):
    program = os.path.join(directory, name)
    subprocess.run([*shlex.split(os.environ["CC"]), *flags, "-o", program, "-x", "c", "-"], input=source,
                   encoding="utf-8", check=True)
    return program


def main():
    with tempfile.TemporaryDirectory() as directory:
        version = subprocess.run([compiled(directory, "version", VERSION)], stdout=subprocess.PIPE, text=True,
                                 check=True).stdout.strip()
        if version != "2.17":
            sys.exit(f"the programs run with glibc {version}")
        for build in BUILD, OLD:
            library = os.path.join(build, "libforksan.so")
            print(f"--- {library}")
            entry_tests(OLD, library, KNOWN)
            # The launcher finds the library beside itself first.
            shutil.copy(os.path.join(BUILD, "forksan"), directory)
            shutil.copy(library, directory)
            with open(os.path.join(HERE, "../support/shares.c"), encoding="utf-8") as source:
                program = compiled(directory, "shares", source.read(), "-g", "-O1", "-rdynamic")
            log = os.path.join(directory, "log")
            result = subprocess.run([os.path.join(directory, "forksan"), "run", "-o", log, program],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True, check=False)
            if result.returncode != 66:
                sys.exit(f"forksan run: status {result.returncode}, not 66\n{result.stdout}")
            check_stacks(log)
            os.remove(log)
    print("ok")
    return 0


sys.exit(main())
