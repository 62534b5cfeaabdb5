#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Two faults in one C program are two bugs, named by its own functions, and stay the same bugs when lines move and
in another directory."""

import json
import os
import time

import toolkit
from toolkit import check, run

os.chdir(toolkit.ROOT)
if not os.path.exists(os.path.join(toolkit.BUILD, "libforksan.so")):
    toolkit.skip("no libforksan.so")

# Listens on port 6379 of a loopback address, so that the class of its own connections is known.
PROGRAM = r"""
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in address = {.sin_family = AF_INET};

/* Inlined, so that the functions that open are the two below. */
static inline __attribute__((always_inline)) int connect_it(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (void *)&address, sizeof address) != 0)
		exit(98);
	send(fd, "PING\r\n", 6, 0);
	return fd;
}

int open_cache(void)
{
	return connect_it();
}

int open_queue(void)
{
	return connect_it();
}

static void ask(int fd)
{
	send(fd, "PING\r\n", 6, 0);
}

static void share(int fd)
{
	if (fork() == 0) {
		ask(fd);
		_exit(0);
	}
	wait(NULL);
	ask(fd);
	close(fd);
}

int main(int argc, char **argv)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	address.sin_port = htons(6379);
	address.sin_addr.s_addr = inet_addr(argv[argc - 1]);
	if (bind(listener, (void *)&address, sizeof address) != 0 || listen(listener, 8) != 0)
		return 99;
	share(open_cache());
	share(open_queue());
	return 0;
}
"""


def bugs(directory, source, address):
    program = toolkit.compile_c(directory, "job", source, "-D_GNU_SOURCE", "-g", "-O1", "-fno-inline",
                                "-fno-optimize-sibling-calls", "-fno-ipa-icf", "-Wl,--build-id")
    log = os.path.join(directory, "log.jsonl")
    result = run("run", "-o", log, program, address)
    check(result.returncode == 66, "it is found", result.returncode, result.stderr[-600:])
    return json.loads(run("report", "--json", log).stdout)["bugs"]


with toolkit.Directory() as directory:
    address = f"127.78.{os.getpid() % 250 + 1}.{time.time_ns() % 250 + 1}"
    one = os.path.join(directory, "one")
    two = os.path.join(directory, "two")
    os.mkdir(one)
    os.mkdir(two)
    found = bugs(one, PROGRAM, address)
    opened = sorted(bug["opened"]["function"] for bug in found)
    check(opened == ["open_cache", "open_queue"], "two bugs, by the program's own functions", opened)
    check(all(bug["forked"]["function"] == "share" for bug in found), "and where it forks", found)
    check({use["function"] for bug in found for use in bug["used"]} == {"ask"}, "and uses")
    check(all(bug["opened"]["file"].endswith("one/job.c") for bug in found), "with their lines")
    moved = bugs(two, "\n\n\n" + PROGRAM.replace("/wait.h>", "/wait.h>\n#include <stdio.h>"), address)
    check({bug["fingerprint"] for bug in found} == {bug["fingerprint"] for bug in moved},
          "the same bugs with other lines in another directory", found, moved)

toolkit.finish()
