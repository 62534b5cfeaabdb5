/* SPDX-License-Identifier: MIT */
/*
 * Programs that start another program, which their arguments name.
 */
#ifndef FORKSAN_TOOLS_DOCTOR_WRAPPERS_H
#define FORKSAN_TOOLS_DOCTOR_WRAPPERS_H

#include "doctor/launch.h"

struct wrapper {
	const char *name;
	enum launch_effect effect;
	int positional;	    /* words between the options and the command */
	const char *shorts; /* letters of the options that take a value */
	const char *longs;  /* their long names, between blanks */
};

/* The wrapper of that base name; NULL: the program is none that is known. */
const struct wrapper *wrapper_find(const char *name);

/* The place in `words` of the command that the wrapper starts; NULL: the arguments name none.
 * *user becomes the value of -u, --user or --reuid, or the first positional word; NULL: none. */
char **wrapper_command(const struct wrapper *wrapper, char **words, const char **user);

#endif
