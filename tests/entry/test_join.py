#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A process joins its session when it must: one that never connects leaves nothing, and whatever a
launcher starts by whichever way is of its session, also when it connects after the launcher's end.

Each case has a mount namespace with a /dev/shm of its own."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import forksan_log  # noqa: E402
from checks import check, finish  # noqa: E402

SKIPPED = 77

# Connects to the port argv[1] when descriptor 0 gives three bytes, talks, and ends.
WORKER = r"""
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	char byte;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_port = htons(atoi(argv[argc - 1]));
	for (int i = 0; i < 3; i++)
		if (read(0, &byte, 1) != 1)
			return 1;
	return connect(fd, (struct sockaddr *)&at, sizeof at) || write(fd, "PING\r\n", 6) != 6;
}
"""

# Starts two workers in the way argv[1] and ends at once; has no connection of its own.
LAUNCHER = r"""
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
	char *worker[] = {argv[2], argv[3], NULL};
	char command[512];
	pid_t pid;

	(void)argc;
	snprintf(command, sizeof command, "exec 3<&0; %s %s <&3 3<&- & :", argv[2], argv[3]);
	for (int i = 0; i < 2; i++) {
		if (strcmp(argv[1], "fork") == 0 && fork() == 0)
			execv(argv[2], worker);
		if (strcmp(argv[1], "vfork") == 0 && vfork() == 0) {
			execv(argv[2], worker);
			_exit(1);
		}
		if (strcmp(argv[1], "posix_spawn") == 0 &&
		    posix_spawn(&pid, argv[2], NULL, NULL, worker, environ) != 0)
			return 1;
		if (strcmp(argv[1], "system") == 0 && system(command) != 0)
			return 1;
		if (strcmp(argv[1], "popen") == 0 && pclose(popen(command, "w")) != 0)
			return 1;
	}
	return 0;
}
"""


def shell(script, **keywords):
    """Runs it with a private tmpfs as /dev/shm."""
    env = forksan_log.bare_env(SO=forksan_log.SHIM, FORKSAN=forksan_log.TOOL,
                               **keywords.pop("environment", {}))
    return subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c",
                           f"mount -t tmpfs -o mode=1777,size=64m t /dev/shm\n{script}"],
                          env=env, capture_output=True, text=True, timeout=60, check=False,
                          **keywords)


def records(log):
    with open(log, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def in_place(directory):
    """Makes the programs in the directory."""
    for name, text in (("worker", WORKER), ("launcher", LAUNCHER)):
        with open(f"{directory}/{name}.c", "w", encoding="utf-8") as source:
            source.write(text)
        subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-o", f"{directory}/{name}",
                        f"{directory}/{name}.c"], check=True)


def serve():
    """A port whose connections are taken and drained."""
    listener = socket.create_server(("127.0.0.1", 0))

    def drain():
        while True:
            connection, _ = listener.accept()
            while connection.recv(4096):
                pass

    threading.Thread(target=drain, daemon=True).start()
    return listener.getsockname()[1]


def quiet_program():
    """Nothing is made, mapped or written for a program that never connects."""
    result = shell("LD_PRELOAD=$SO FORKSAN_OPTIONS=log_path=/dev/shm/log cat /proc/self/maps;"
                   "ls -A /dev/shm")
    check("libforksan.so" in result.stdout and "/dev/shm" not in result.stdout and
          not re.search(r"^(log|forksan-.*)$", result.stdout, re.M),
          "a program that never connects leaves nothing", result.stdout, result.stderr)
    if shutil.which("strace"):
        result = shell("strace -o /dev/stderr -E LD_PRELOAD=$SO true")
        ours = result.stderr[result.stderr.rindex("munmap"):].splitlines()[1:-2]
        check(not [call for call in ours if re.search("O_CREAT|O_RDWR|MAP_SHARED|write|proc", call)],
              "it makes no file and asks /proc nothing", *ours)


def one_session(directory, port):
    for way in ("fork", "vfork", "posix_spawn", "system", "popen"):
        log = f"{directory}/{way}.log"
        result = shell("mkfifo /dev/shm/gate; exec 9<>/dev/shm/gate; rm /dev/shm/gate\n"
                       f"LD_PRELOAD=$SO FORKSAN_OPTIONS=log_path={log} "
                       f"{directory}/launcher {way} {directory}/worker {port} <&9 9<&-\n"
                       "echo go go >&9\n"
                       "until [ -z \"$(ls -A /dev/shm/forksan-0)\" ]; do sleep 0.02; done")
        found = records(log) if os.path.exists(log) else []
        summary = [r for r in found if r["record"] == "summary"]
        check(result.returncode == 0 and len({r["session"] for r in found}) == 1,
              f"{way}: one session", *found, result.stderr)
        check(len(summary) == 1 and summary[0]["counters"]["processes"] >= 3,
              f"{way}: one summary, at the end of the last", *found)


def members_that_never_join(directory):
    """The last member of a session execs something that never connects: it ends the session."""
    log = f"{directory}/last.log"
    result = shell(f"export LD_PRELOAD=$SO FORKSAN_OPTIONS=log_path={log}\n"
                   "sh -c '/bin/true; exec /bin/true'\nunset LD_PRELOAD\nls -A /dev/shm/forksan-0")
    check(result.stdout == "" and [r["record"] for r in records(log)] == ["session", "summary"],
          "a member that never joined ends its session", result.stdout, *records(log))


def threads_at_once(port):
    """Each thread's first connection is watched, whichever of them joins."""
    program = ("import socket, threading\n"
               "gate = threading.Barrier(8)\n"
               "def talk():\n"
               "    one = socket.socket()\n"
               "    gate.wait()\n"
               f"    one.connect(('127.0.0.1', {port}))\n"
               "    one.sendall(b'*1\\r\\n$4\\r\\nPING\\r\\n')\n"
               "    gate.wait()\n"
               "all = [threading.Thread(target=talk) for _ in range(8)]\n"
               "for one in all: one.start()\n"
               "for one in all: one.join()\n")
    with tempfile.NamedTemporaryFile() as log:
        shell(f"LD_PRELOAD=$SO FORKSAN_OPTIONS=log_path={log.name} /usr/bin/python3 -c \"$PROGRAM\"",
              environment={"PROGRAM": program})
        counters = records(log.name)[-1]["counters"]
    check(counters["connections_watched"] == 8, "eight threads connect at once", counters)


def handed_over(port):
    """A program that has not joined is handed a connection of its session (SCM_RIGHTS)."""
    receiver = ("import array, socket\n"
                "channel = socket.socket(fileno=int(__import__('sys').argv[1]))\n"
                "message = channel.recvmsg(1, socket.CMSG_SPACE(4))\n"
                "socket.socket(fileno=array.array('i', message[1][0][2])[0]).sendall("
                "b'*1\\r\\n$4\\r\\nPING\\r\\n')\n")
    giver = ("import array, os, socket, subprocess, sys\n"
             "mine, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
             "child = subprocess.Popen([sys.executable, '-c', os.environ['RECEIVER'],"
             " str(other.fileno())], pass_fds=[other.fileno()])\n"
             f"one = socket.create_connection(('127.0.0.1', {port}))\n"
             "one.sendall(b'*1\\r\\n$4\\r\\nPING\\r\\n')\n"
             "mine.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,"
             " array.array('i', [one.fileno()]))])\n"
             "assert child.wait() == 0\n"
             "one.sendall(b'*1\\r\\n$4\\r\\nPING\\r\\n')\n")
    with tempfile.NamedTemporaryFile() as log:
        result = shell(f"LD_PRELOAD=$SO FORKSAN_OPTIONS=log_path={log.name} "
                       "/usr/bin/python3 -c \"$GIVER\"",
                       environment={"GIVER": giver, "RECEIVER": receiver})
        found = [r["kind"] for r in records(log.name) if r["record"] == "finding"]
    check(result.returncode == 0 and "shared-use" in found,
          "a connection that was handed to a program outside is judged", found, result.stderr)


def blind_program():
    """What cannot be seen is counted, also by a process that had no session."""
    if not os.path.exists("/sbin/ldconfig"):
        return
    with tempfile.NamedTemporaryFile() as log:
        shell(f"LD_PRELOAD=$SO FORKSAN_OPTIONS=log_path={log.name} env /sbin/ldconfig -p")
        found = [r["record"] for r in records(log.name)]
    check("process" in found, "a static program that a process outside execs is counted", found)


if os.getuid() != 0:
    print("needs root, for a mount namespace")
    sys.exit(SKIPPED)
if shell("true").returncode != 0:
    print("no private /dev/shm")
    sys.exit(SKIPPED)
with tempfile.TemporaryDirectory() as place:
    in_place(place)
    quiet_program()
    one_session(place, serve())
    members_that_never_join(place)
    threads_at_once(serve())
    handed_over(serve())
    blind_program()
finish()
