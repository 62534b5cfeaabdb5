#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A session's last process writes the summary, also when several end at the same moment, and none of
the children has made a call that matters; and when a process between two others is killed."""

import json
import os
import socket
import subprocess
import sys
import tempfile

ROUNDS = 60
# Of sessions in which a process is killed while others end: the kill may come after a look at it.  Once in
# some 1 400 on two processors; 10 and 25 of 60 before such a look was taken.
KILLED_BETWEEN = 2
LIBRARY = os.path.abspath(os.path.join(os.environ.get("FORKSAN_BUILD", "build"), "libforksan.so"))

# Connects to the port argv[1], forks three children that end at once, and ends without waiting.
PROGRAM = r"""
#include <arpa/inet.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_port = htons(atoi(argv[argc - 1]));
	if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0 || write(fd, "PING\r\n", 6) != 6)
		return 1;
	for (int i = 0; i < 3; i++)
		if (fork() == 0)
			return 0;
	return 0;
}
"""

# Connects, forks a child that forks another, kills the first, and ends while that is dying; by its end
# the other learns that it may end, too.  argv[1]: use, where the other one uses the connection before.
KILLER = r"""
#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int ready[2], ended[2];
	char byte;
	pid_t middle;

	at.sin_port = htons(atoi(argv[argc - 1]));
	if (connect(fd, (struct sockaddr *)&at, sizeof at) != 0 || write(fd, "PING\r\n", 6) != 6 ||
	    pipe(ready) != 0 || pipe(ended) != 0)
		return 1;
	middle = fork();
	if (middle == 0) {
		if (fork() != 0) {
			close(ended[1]);
			pause();
		}
		close(ended[1]);
		if (strcmp(argv[1], "use") == 0 && write(fd, "PING\r\n", 6) != 6)
			return 1;
		if (write(ready[1], "x", 1) == 1 && read(ended[0], &byte, 1) != 0)
			return 1;
		return 0;
	}
	if (read(ready[0], &byte, 1) != 1)
		return 1;
	kill(middle, SIGKILL);
	return 0;
}
"""


def final_summaries(program, port, log):
    ended, held = os.pipe()  # every process of the program holds the writing end
    env = dict(os.environ, LD_PRELOAD=LIBRARY, FORKSAN_OPTIONS="log_path=" + log)
    status = subprocess.run([*program, str(port)], env=env, pass_fds=[held]).returncode
    os.close(held)
    os.read(ended, 1)
    os.close(ended)
    with open(log, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    assert status == 0, status
    return sum(record["record"] == "summary" and record["final"] for record in records)


def build(directory, name, source):
    program = os.path.join(directory, name)
    subprocess.run(["cc", "-o", program, "-x", "c", "-"], input=source, text=True, check=True)
    return program


def main():
    with tempfile.TemporaryDirectory(prefix="forksan-last-") as directory, socket.socket() as server:
        killer = build(directory, "killer", KILLER)
        programs = [[build(directory, "program", PROGRAM)], [killer, "idle"], [killer, "use"]]
        server.bind(("127.0.0.1", 0))
        server.listen(len(programs) * ROUNDS)
        failed = False
        for n, program in enumerate(programs):
            counts = [
                final_summaries(program, server.getsockname()[1], os.path.join(directory, f"{n}-{i}.jsonl"))
                for i in range(ROUNDS)
            ]
            wrong = [count for count in counts if count != 1]
            print(f"{program}: {len(wrong)} of {ROUNDS} sessions had not one final summary: {wrong}")
            failed = failed or len(wrong) > (KILLED_BETWEEN if program[0] == killer else 0)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
