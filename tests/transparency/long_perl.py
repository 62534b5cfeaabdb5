#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Perl's own tests of sockets, pipes, descriptors and processes, bare and under the shim.

Debian's packages do not hold them: PERL_SOURCE names an unpacked source of Perl, best that of the
installed version (`apt-get source perl`).  What passes bare must pass under the shim, test file by
test file; what fails bare is compared, not required.
"""

import glob
import os
import re
import shutil
import subprocess

import compare
from compare import check, forksan_log

PERL = "/usr/bin/perl"
TESTS = ("dist/IO/t/*.t", "cpan/Socket/t/*.t", "cpan/IO-Socket-IP/t/[0-2]*.t", "cpan/IPC-Cmd/t/*.t",
         "ext/IPC-Open3/t/*.t", "ext/POSIX/t/*.t", "t/io/socket*.t", "t/io/pipe.t", "t/io/dup.t",
         "t/io/eintr*.t", "t/io/fs.t", "t/io/open*.t", "t/io/closepid.t", "t/op/fork.t",
         "t/op/exec.t", "t/op/kill0.t", "t/op/alarm.t", "t/op/sysio.t", "t/op/sselect.t",
         "t/op/getpid.t", "t/op/die_exit.t")


def core_directory(place, source):
    """A directory t of the source beside a lib of the installed Perl: the core's tests look there."""
    core = os.path.join(place.path, "core")
    os.mkdir(core)
    shutil.copytree(os.path.join(source, "t"), os.path.join(core, "t"), symlinks=True)
    inc = subprocess.run([PERL, "-e", r'print "$_\n" for reverse @INC'], stdout=subprocess.PIPE,
                         text=True, check=True).stdout.split()
    for directory in inc:
        if re.search(r"/perl(?:-base)?(?:/5[.\d]*)?$", directory) and os.path.isdir(directory):
            shutil.copytree(directory, os.path.join(core, "lib"), dirs_exist_ok=True)
    return os.path.join(core, "t")


def outcomes(result):
    """(status, the numbers of the tests that passed)"""
    return result.status, re.findall(r"^ok (\d+)", result.out, re.MULTILINE)


def main():
    source = os.environ.get("PERL_SOURCE", "")
    files = sorted(path for pattern in TESTS for path in glob.glob(os.path.join(source, pattern)))
    if not source or not files:
        compare.skip("PERL_SOURCE names no source of Perl")
    with compare.Place() as place:
        core = core_directory(place, source)
        for path in files:
            # Tests of the core run in the directory t, those of modules in the module's.
            place.fresh(None)
            name = os.path.relpath(path, source)
            at, script = (core, name[2:]) if name.startswith("t/") else \
                (os.path.dirname(os.path.dirname(path)), path)
            argv = ["sh", "-c", f'cd "{at}" && exec timeout 60 {PERL} "{script}"']
            bare = place.once(argv, forksan_log.bare_env(), timeout=90)
            log = place.new_log()
            ours = place.once(argv, forksan_log.forksan_env(
                log.path, session=compare.session_name()), timeout=90)
            compare.compared += 1
            if bare.status != 0:
                print(f"{name}: not required, bare status {bare.status}, ours {ours.status}")
                continue
            check(outcomes(bare) == outcomes(ours), f"{name}: the same under forksan",
                  compare.difference(bare, ours))
            place.look(name, log, cut=not log.counters)
    compare.finish()


if __name__ == "__main__":
    main()
