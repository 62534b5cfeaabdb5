/* SPDX-License-Identifier: MIT */
/*
 * Runs CMD as a child that behaves as if the caller of `forksan run` had started CMD.
 *
 * CMD stays in the caller's process group, so the terminal's signals and job control reach CMD as
 * without forksan.  A signal that a process sends to `forksan run` itself goes on to CMD.
 */
#ifndef FORKSAN_TOOLS_RUN_CHILD_H
#define FORKSAN_TOOLS_RUN_CHILD_H

/* Runs `path` with `argv` and `environment` and waits until the child ends.  Returns 0 with the
 * child's wait status in *status, or the errno of pipe2(), fork() or execve().  cmd_run.c calls
 * this once. */
int run_child(const char *path, char *const argv[], char *const environment[], int *status);

/* Ends this process as the wait status says: with the same exit status, or by the same signal. */
void run_child_repeat(int status) __attribute__((noreturn));

#endif
