/* SPDX-License-Identifier: MIT */
/*
 * The program that `forksan run` is to start: its path, and whether this program can load a
 * preloaded library.  A clean run that was blind would be worse than no run.
 */
#ifndef FORKSAN_TOOLS_RUN_TARGET_H
#define FORKSAN_TOOLS_RUN_TARGET_H

#include <limits.h>
#include <stdbool.h>

struct run_library;

struct run_target {
	char path[PATH_MAX]; /* to give to execve() */
	bool blind;	     /* the program cannot load forksan: `reason` says why */
	char reason[PATH_MAX + 128];
};

/* Resolves `name` as execvp() does, follows #! lines and the command of an `env` among them, and
 * examines the program that will run.  Returns 0, or with a message STATUS_NOT_FOUND or
 * STATUS_NOT_INSTRUMENTED when the program cannot be executed. */
int run_target_find(const char *name, const struct run_library *library, struct run_target *target);

#endif
