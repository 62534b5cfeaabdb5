/* SPDX-License-Identifier: MIT */
/*
 * A verb of the tool: `forksan NAME ...`.  NAME/cmd_NAME.h declares the verb; main.c lists all
 * verbs.
 */
#ifndef FORKSAN_TOOLS_VERB_H
#define FORKSAN_TOOLS_VERB_H

struct verb {
	const char *name;
	const char *usage;   /* the words after the name */
	const char *summary; /* one line for `forksan --help` */
	const char *help;    /* options and more, for `forksan NAME --help`; ends with a newline */
	/* argv[0] is the verb's name.  Returns an enum exit_status or, for run, CMD's status. */
	int (*run)(int argc, char **argv);
};

#endif
