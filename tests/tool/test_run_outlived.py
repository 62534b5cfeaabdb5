#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan run, with the real library: CMD ends before its child does, and the child is not forgotten.

A child is announced before it is forked, and the kernel notes when it starts.  In a big program a
fork takes long, so the two differ: here a handler of pthread_atfork() takes the time."""

import json
import os
import re
import subprocess
import time

import toolkit
from toolkit import check, run

CHILD = r"""
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Until the clock in which the kernel notes starts, of 1/100 s, has moved on. */
static void take_time(void)
{
	struct timespec now;
	long long begin_ns = 0, now_ns;

	do {
		clock_gettime(CLOCK_BOOTTIME, &now);
		now_ns = now.tv_sec * 1000000000LL + now.tv_nsec;
		if (begin_ns == 0)
			begin_ns = now_ns;
	} while (now_ns < begin_ns + 20000000);
}

/* A program that does nothing for which it would join the session, and ends as a forked child does. */
static void start_program(void)
{
	static char name[] = "cat";
	char *const argv[] = {name, NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, "/bin/cat", &actions, NULL, argv, environ) != 0)
		exit(1);
}

/* Forks a child that ends when its standard input does; prints the session. */
int main(int argc, char **argv)
{
	const char *session = strstr(getenv("FORKSAN_OPTIONS"), "session=");
	char byte;

	printf("%.16s\n", session + strlen("session="));
	fflush(stdout);
	if (argc > 1) {
		start_program();
		return 0;
	}
	pthread_atfork(take_time, NULL, NULL);
	if (fork() == 0) {
		/* forksan run waits until its pipes are closed. */
		close(1);
		close(2);
		while (read(0, &byte, 1) > 0)
			;
		_exit(0);
	}
	return 0;
}
"""

with toolkit.Directory() as directory:
    program = toolkit.compile_c(directory, "outlived", CHILD, "-D_GNU_SOURCE", "-pthread")
    child_input, ours = os.pipe()
    with subprocess.Popen(
        [toolkit.FORKSAN, "run", program],
        stdin=child_input,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(child_input)
        out, err = process.communicate(timeout=60)
    check(process.returncode == 0, "CMD's status", err)
    check("still running and watched: 1 process of session" in err, "the child is known", err)
    session = out.strip()
    check(re.fullmatch("[0-9a-f]{16}", session), "the session is named", out)
    path = f"/dev/shm/forksan-{os.getuid()}/{session}"
    check(os.path.exists(path), "its registry is left for it")
    # What joins the session now finds it.
    env = dict(os.environ, FORKSAN_OPTIONS=f"session={session}:verbosity=1")
    env["LD_PRELOAD"] = os.path.join(toolkit.BUILD, "libforksan.so")
    late = run("-c", "true", program="/bin/sh", env=env)
    check(": session " not in late.stderr, "no second session of that name begins", late.stderr)
    os.close(ours)
    if os.path.exists(path):
        os.unlink(path)

    # One that ends a moment after CMD is waited for.
    child_input, ours = os.pipe()
    with subprocess.Popen([toolkit.FORKSAN, "run", program], stdin=child_input, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        os.close(child_input)
        process.stdout.readline()
        time.sleep(0.1)
        os.close(ours)
        err = process.communicate(timeout=60)[1]
    check("still running" not in err and "still_running" not in err, "a child that ends now is no child left", err)

    # The child has the last word: one summary, whose number no other record has.
    for way in ([], ["spawned"]):
        log = os.path.join(directory, "log" + "".join(way))
        child_input, ours = os.pipe()
        with subprocess.Popen([toolkit.FORKSAN, "run", "-o", log, program, *way],
                              stdin=child_input, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True) as process:
            os.close(child_input)
            session = process.stdout.read().strip()
            process.wait(60)
        os.close(ours)
        deadline = time.monotonic() + 20
        records = []
        while time.monotonic() < deadline and not any(r["record"] == "summary" for r in records):
            with open(log, encoding="utf-8") as lines:
                records = [json.loads(line) for line in lines if line.endswith("\n")]
        numbers = [record["seq"] for record in records]
        check(numbers == list(range(1, len(records) + 1)), "each record has its number", numbers)
        check([r["final"] for r in records if r["record"] == "summary"] == [True], "one summary",
              (way, records))
        path = f"/dev/shm/forksan-{os.getuid()}/{session}"
        while time.monotonic() < deadline and os.path.exists(path):
            pass
        check(not os.path.exists(path), "its registry is taken away", way)

    result = run("run", "true")
    check(result.returncode == 0 and "running" not in result.stderr, "nobody is left", result)

toolkit.finish()
