/* SPDX-License-Identifier: MIT */
/*
 * CMD as a child that behaves as if its caller had started it.
 *
 * It stays in the caller's process group, so the terminal's signals and job control reach it as
 * they would without us.  Signals that somebody sends to `forksan run` itself go on to it.
 */
#ifndef FORKSAN_TOOLS_RUN_CHILD_H
#define FORKSAN_TOOLS_RUN_CHILD_H

/* Runs `path` with `argv` and `environment` and waits for its end.  Returns 0, or the errno of
 * fork() or execve(). */
int run_child(const char *path, char *const argv[], char *const environment[]);

/* Takes CMD's wait status after run_child() has returned 0.  Until then CMD is a zombie, whose pid
 * nobody else gets: another session's process that looks for registries without living processes
 * leaves that of CMD alone, so that it can be read. */
void run_child_reap(int *status);

/* Ends this process as the wait status says: the same exit status, or the same signal. */
void run_child_repeat(int status) __attribute__((noreturn));

#endif
