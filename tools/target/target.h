/* SPDX-License-Identifier: MIT */
/*
 * The program that a user names: its path, and whether this program can load a preloaded library.
 * A clean run that was blind would be worse than no run.
 */
#ifndef FORKSAN_TOOLS_TARGET_TARGET_H
#define FORKSAN_TOOLS_TARGET_TARGET_H

#include <limits.h>
#include <stdbool.h>

struct library;

struct target {
	char path[PATH_MAX]; /* to give to execve() */
	bool blind;	     /* the program cannot load forksan: `reason` says why */
	char reason[PATH_MAX + 128];
};

/* Resolves `name` as execvp() does, follows #! lines and the command of an `env` among them, and
 * examines the program that will run.  Returns 0, or with a message of `verb` STATUS_NOT_FOUND or
 * STATUS_NOT_INSTRUMENTED when the program cannot be executed. */
int target_find(const char *verb, const char *name, const struct library *library,
		struct target *target);

#endif
