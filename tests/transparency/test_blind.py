#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Programs that the shim cannot be in run as without it, and are noticed: static and musl programs,
those of another word size, set-user-ID ones; and programs that it is in do not mind their company.

Messages of the dynamic loader itself ("wrong ELF class") are the loader's: at most one a program.
"""

import contextlib
import os
import shutil
import subprocess

import compare
from compare import check, forksan_log

HELLO = r"""
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void)
{
	int pair[2], status;
	char byte = 0;
	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	if (fork() == 0)
		_exit(write(pair[0], "x", 1) == 1 ? 3 : 4);
	wait(&status);
	printf("%d %zd %c\n", WEXITSTATUS(status), read(pair[1], &byte, 1), byte);
	return 5;
}
"""

# Loaders say this of a preload of another machine.
LOADER = r"^ERROR: ld\.so: object .* cannot be preloaded.*: ignored\.\n"
MUSL = r"^Error (?:loading shared library|relocating) .*\n"


def build(directory, name, *command):
    source = os.path.join(directory, "hello.c")
    with open(source, "w", encoding="ascii") as out:
        out.write(HELLO)
    path = os.path.join(directory, name)
    result = subprocess.run([*command, "-o", path, source], check=False,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with contextlib.suppress(OSError):  # a machine that the kernel does not run
        if result.returncode == 0 and subprocess.run([path], check=False,
                                                     stdout=subprocess.DEVNULL).returncode == 5:
            return path
    print(f"not compared: {name} ({' '.join(command)} does not work here)")
    return None


def exec_unseen(log):
    check(log.counters.get("exec_unseen", 0) == 1, "env -i and what follows are counted",
          log.counters)


def main():
    with compare.Place() as place:
        here = build(place.path, "here", "gcc", "-O1")
        for name, command, expected_noise in (
                ("static", ["gcc", "-static"], None),
                ("static-pie", ["gcc", "-static-pie"], None),
                ("m32", ["gcc", "-m32"], LOADER),
                ("x32", ["gcc", "-mx32"], LOADER)):
            path = build(place.path, name, *command)
            if path:
                place.same(name, [path], seen=False, forget=(expected_noise or "(?!)",), expect=5)
                # The one line at most, and the program above it is seen.
                place.same(f"{name} from a shell", ["sh", "-c", f"{path}; echo $?"],
                           forget=(expected_noise or "(?!)",))
        if compare.find("musl-gcc"):
            path = build(place.path, "musl", "musl-gcc")
            if path:
                # musl refuses to start when a preload needs glibc; so the launcher refuses first.
                result = subprocess.run(
                    [os.path.join(os.environ["FORKSAN_BUILD"], "forksan"), "run", path],
                    check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                    env=forksan_log.bare_env())
                check(result.returncode == 126 and "musl" in result.stderr
                      and result.stderr.count("\n") == 1, "forksan run names musl in one line",
                      result)
                place.same("musl, linked statically",
                           [build(place.path, "musl-static", "musl-gcc", "-static") or path],
                           seen=False, expect=5)
        if here and os.getuid() == 0:
            setuid = os.path.join(place.path, "setuid")
            shutil.copy(here, setuid)
            os.chown(setuid, 0, 0)
            os.chmod(setuid, 0o4755)
            place.same("set-user-ID for another user", [setuid], seen=False, forget=(LOADER,),
                       user="nobody", expect=5)
            place.same("set-user-ID for its owner", [setuid], expect=5)
        # From a program that is seen to one that is not, and back.
        if here:
            place.same("environment lost on the way",
                       ["sh", "-c", f"env -i {here}; echo $?"], after=exec_unseen)
            place.same("exec of ourselves again and again",
                       ["bash", "-c", f"exec bash -c 'exec sh -c \"exec {here}\"'"], expect=5)
            place.same("an empty LD_PRELOAD", ["sh", "-c", f"LD_PRELOAD= {here}; echo $?"])
    compare.finish()


if __name__ == "__main__":
    main()
