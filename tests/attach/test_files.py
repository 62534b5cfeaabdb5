#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan attach reads the files that a process has mapped, wherever their paths lead by now: in a mount namespace
of its own, as in a container, and after a mount to other files, and after an upgrade nowhere."""

import ctypes
import os
import subprocess

import attaching
import processes
import servers
from toolkit import check, finish

attaching.need()
CLONE_NEWNS = 0x20000  # linux/sched.h
DIRECTORY = attaching.directory
LIBRARY = os.path.join(DIRECTORY, "libping.so")
OTHER = os.path.join(DIRECTORY, "other.so")
PROGRAM = os.path.join(DIRECTORY, "program_of_a_library")
PING = """#include <sys/socket.h>
%s
int ping(int fd)
{
	volatile char room[%d];

	room[0] = 0;
	return (int)send(fd, "*1\\r\\n$4\\r\\nPING\\r\\n", 14, 0) + (int)recv(fd, (char *)room, sizeof room, 0);
}
"""
# The same function at another place and with another frame: by this file's tables no stack can be read.
BEFORE_IT = "int before(int a) { volatile char b[999]; b[a] = 1; return b[0]; }"
MAIN = """#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
int ping(int fd);
int use_it(int fd) { return ping(fd) + 1; }
void await_word(void) { char word; if (read(0, &word, 1) < 0) _exit(1); }
int main(int count, char **words)
{
	struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(atoi(words[count - 1]))};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&peer, sizeof peer) != 0)
		return 1;
	ping(fd);
	puts("ready");
	fflush(stdout);
	await_word();
	for (int i = 0; i < 2; i++) {
		if (fork() == 0) {
			use_it(fd);
			await_word(); /* it lives while its files are read */
			_exit(0);
		}
		wait(NULL);
	}
	return 0;
}
"""


def compile_c(text, out, *options):
    command = [os.environ.get("CC", "cc"), "-O1", "-g", "-x", "c", "-", "-x", "none", "-o", out, *options]
    subprocess.run(command, input=text, text=True, check=True)


def sites(port, *prefix, meanwhile=lambda: None):
    """The functions of the two uses that a finding has."""
    with subprocess.Popen([*prefix, PROGRAM, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        check(process.stdout.readline() == "ready\n", "the program is ready")
        meanwhile()
        attached = attaching.Attached("-p", str(process.pid))
        attached.wait_until_watching()
        for _ in range(2):  # the second child lives until its finding is there
            process.stdin.write("\n")
            process.stdin.flush()
        processes.wait_for(lambda: attached.log.findings(kind="shared-use"), "the finding")
        process.stdin.close()
        process.wait()
    attached.leave()
    stacks = attached.log.findings(kind="shared-use")[0]["stacks"]
    return [[frame["function"] for frame in stacks[name]][:2] for name in ("other_use", "this_use")]


def mount():
    subprocess.run(["mount", "--bind", OTHER, LIBRARY], check=True)


def replace():
    os.unlink(LIBRARY)
    compile_c(PING % ("", 64), LIBRARY, "-shared", "-fPIC")


with servers.redis() as redis:
    compile_c(PING % (BEFORE_IT, 1000), OTHER, "-shared", "-fPIC")
    compile_c(PING % ("", 64), LIBRARY, "-shared", "-fPIC")
    compile_c(MAIN, PROGRAM, "-rdynamic", LIBRARY, f"-Wl,-rpath,{DIRECTORY}")
    NAMES = [["ping", "use_it"]] * 2
    found = sites(redis.port)
    check(found == NAMES, "its own files", found)
    found = sites(redis.port, "unshare", "--mount", "sh", "-c", f'mount --bind {OTHER} {LIBRARY} && exec "$0" "$@"')
    check(found == NAMES, "other files at the same paths", found)
    # What this test mounts nobody else sees.
    check(ctypes.CDLL(None).unshare(CLONE_NEWNS) == 0, "a mount namespace of its own")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    found = sites(redis.port, meanwhile=mount)
    check(found == NAMES, "a later mount", found)
    subprocess.run(["umount", LIBRARY], check=True)
    found = sites(redis.port, meanwhile=replace)
    check(found == NAMES, "a file that was replaced", found)
finish()
