#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A session's last process writes the summary, also when several end at the same moment, and none of
the children has made a call that matters."""

import json
import os
import socket
import subprocess
import sys
import tempfile

ROUNDS = 60
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


def final_summaries(program, port, log):
    ended, held = os.pipe()  # every process of the program holds the writing end
    env = dict(os.environ, LD_PRELOAD=LIBRARY, FORKSAN_OPTIONS="log_path=" + log)
    status = subprocess.run([program, str(port)], env=env, pass_fds=[held]).returncode
    os.close(held)
    os.read(ended, 1)
    os.close(ended)
    with open(log, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    assert status == 0, status
    return sum(record["record"] == "summary" and record["final"] for record in records)


def main():
    with tempfile.TemporaryDirectory(prefix="forksan-last-") as directory, socket.socket() as server:
        program = os.path.join(directory, "program")
        subprocess.run(["cc", "-o", program, "-x", "c", "-"], input=PROGRAM, text=True, check=True)
        server.bind(("127.0.0.1", 0))
        server.listen(ROUNDS)
        counts = [
            final_summaries(program, server.getsockname()[1], os.path.join(directory, f"{i}.jsonl"))
            for i in range(ROUNDS)
        ]
    wrong = [count for count in counts if count != 1]
    print(f"{len(wrong)} of {ROUNDS} sessions had not one final summary: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
