/* SPDX-License-Identifier: MIT */
/*
 * The program that `forksan run` is to start: where it is, and whether a preloaded library can be
 * in it at all.  A clean run that was blind would be worse than none.
 */
#ifndef FORKSAN_TOOLS_RUN_TARGET_H
#define FORKSAN_TOOLS_RUN_TARGET_H

#include <limits.h>
#include <stdbool.h>

struct run_library;

struct run_target {
	char path[PATH_MAX]; /* to give to execve() */
	bool blind;	     /* forksan cannot be in it: `reason` says why */
	char reason[PATH_MAX + 128];
};

/* Resolves `name` as execvp() does, follows #! lines and the command of an `env` among them, and
 * examines what will run.  Returns 0, or STATUS_NOT_FOUND or STATUS_NOT_INSTRUMENTED with a
 * message when it cannot be executed. */
int run_target_find(const char *name, const struct run_library *library, struct run_target *target);

#endif
