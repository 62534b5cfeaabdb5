/* SPDX-License-Identifier: MIT */
/*
 * The way from a command to the program that does the work: wrappers (env, sudo, timeout, tini,
 * ...), shell scripts and `sh -c` are followed as far as their text says what they start.  Nothing
 * is run.
 *
 * A shell script is read, not interpreted: the last `exec`, else the last command, is taken for the
 * one that goes on.  A command whose name the shell would compute is not followed, and is said.
 */
#ifndef FORKSAN_TOOLS_DOCTOR_LAUNCH_H
#define FORKSAN_TOOLS_DOCTOR_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>

#include "target/library.h"
#include "target/target.h"

/* What a step does to the environment or the user of the next one; rising. */
enum launch_effect {
	LAUNCH_PASSES,
	LAUNCH_SWITCHES,  /* changes the user and keeps the environment */
	LAUNCH_SCRUBS,	  /* takes LD_PRELOAD out of the environment, or puts another there */
	LAUNCH_ELSEWHERE, /* another process starts the program, with an environment of its own */
};

struct launch_step {
	char *name; /* as the command names it */
	enum launch_effect effect;
	char *why;  /* the words that scrub; the user; NULL */
	bool blind; /* a wrapper that the library cannot be in, and that hands the environment on */
};

#define LAUNCH_MAX_STEPS 16

struct launch {
	struct launch_step steps[LAUNCH_MAX_STEPS];
	size_t step_count;
	char *unknown; /* the command that could not be followed; NULL: the end was reached */
	struct target target; /* the program at the end */
	char **rest;	      /* the command as it stands at the end, for the advice */
};

/* Follows `command`, which ends with NULL.  Returns 0, or with a message of `verb` the exit status
 * of target_find() for the first word.  The caller frees with launch_free(). */
int launch_follow(const char *verb, char **command, const struct library *library,
		  struct launch *launch);
void launch_free(struct launch *launch);

#endif
