#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Programs with little memory: what starts and runs bare does so under forksan, which reports what it
would report with more, or says what it lost.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile

BUILD = os.path.abspath(os.environ.get("FORKSAN_BUILD", "build"))
SHIM = os.path.join(BUILD, "libforksan.so")

# A connection that is used by the process, by its child, and by the process again.
SHARE = r"""
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
static void ping(int fd)
{
	char reply[7];
	if (send(fd, "*1\r\n$4\r\nPING\r\n", 14, 0) != 14 || recv(fd, reply, 7, MSG_WAITALL) != 7)
		exit(9);
}
int main(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	char buffer[64];
	if (bind(listener, (struct sockaddr *)&address, len) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &len))
		return 8;
	if (fork() == 0) {
		int peer = accept(listener, NULL, NULL);
		close(listener);
		close(fd);
		while (read(peer, buffer, sizeof buffer) > 0)
			if (write(peer, "+PONG\r\n", 7) != 7)
				_exit(1);
		_exit(0);
	}
	if (connect(fd, (struct sockaddr *)&address, sizeof address))
		return 7;
	ping(fd);
	if (fork() == 0) {
		ping(fd);
		_exit(0);
	}
	wait(NULL);
	ping(fd);
	return 3;
}
"""

failures = 0


def check(condition, what, *details):
    global failures
    if not condition:
        failures += 1
        print("FAILED:", what, *details)


def main():
    with tempfile.TemporaryDirectory() as directory:
        program = os.path.join(directory, "share")
        with open(program + ".c", "w", encoding="ascii") as out:
            out.write(SHARE)
        subprocess.run(["cc", "-w", "-o", program, program + ".c"], check=True)
        log = os.path.join(directory, "log")

        def run(limit, preloaded):
            environment = dict(os.environ)
            environment.pop("LD_PRELOAD", None)
            if os.path.exists(log):
                os.unlink(log)
            if preloaded:
                environment.update(LD_PRELOAD=SHIM, FORKSAN_OPTIONS="log_path=" + log)
            ended, held = os.pipe()  # each process has the writing end; the last writes the summary
            status = subprocess.run(
                [program], env=environment, check=False, timeout=60, pass_fds=[held],
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
            ).returncode
            os.close(held)
            os.read(ended, 1)
            os.close(ended)
            return status

        def records():
            if not os.path.exists(log):
                return []
            with open(log, encoding="utf-8") as lines:
                return [json.loads(line) for line in lines]

        for limit in [288 << 10, 352 << 10, *range(512 << 10, 1536 << 10, 128 << 10)]:
            bare = run(limit, preloaded=False)
            check(run(limit, preloaded=True) == bare, f"{limit >> 10} KiB of data: runs as bare",
                  bare)
            found = any(record.get("kind") == "shared-use" for record in records())
            lost = [name for record in records() if record["record"] == "summary"
                    for name, n in record["counters"].items() if n > 0 and "lost" in name]
            # With less there is no registry, which standard error is told.
            check(found or lost or limit < 512 << 10,
                  f"{limit >> 10} KiB of data: found or counted as lost", records())
            check(found or limit < 1 << 20, f"{limit >> 10} KiB of data: found", lost)
    sys.exit(1 if failures else 0)


main()
