/* SPDX-License-Identifier: MIT */
/*
 * CMD as a child that behaves as if its caller had started it.
 *
 * It stays in the caller's process group, so the terminal's signals and job control reach it as
 * they would without us.  Signals that somebody sends to `forksan run` itself go on to it.
 */
#ifndef FORKSAN_TOOLS_RUN_CHILD_H
#define FORKSAN_TOOLS_RUN_CHILD_H

/* Runs `path` with `argv` and `environment` and waits for its end.  Returns 0 and its wait status
 * in *status, or the errno of fork() or execve(). */
int run_child(const char *path, char *const argv[], char *const environment[], int *status);

/* Ends this process as the wait status says: the same exit status, or the same signal. */
void run_child_repeat(int status) __attribute__((noreturn));

#endif
