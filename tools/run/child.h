/* SPDX-License-Identifier: MIT */
/*
 * Runs CMD as a child that behaves as if the caller of `forksan run` had started CMD.
 *
 * CMD stays in the caller's process group, so the terminal's signals and job control reach CMD as
 * without forksan.  A signal that a process sends to `forksan run` itself goes on to CMD.
 */
#ifndef FORKSAN_TOOLS_RUN_CHILD_H
#define FORKSAN_TOOLS_RUN_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/* What is to be done between fork and exec. */
struct run_child_gate {
	/* Called in the parent, with signals blocked.  False: the child shall not run `path`. */
	bool (*open)(pid_t pid, void *context);
	void *context;
};

/* Runs `path` with `argv` and `environment` and waits until the child ends.  `gate` may be NULL.
 * Returns 0 with the child's wait status in *status, the errno of pipe2(), fork() or execve(), or
 * ECANCELED when the gate stayed shut. */
int run_child(const char *path, char *const argv[], char *const environment[],
	      const struct run_child_gate *gate, int *status);

/* Ends this process as the wait status says: with the same exit status, or by the same signal. */
void run_child_repeat(int status) __attribute__((noreturn));

#endif
