/* SPDX-License-Identifier: MIT */
/*
 * Every exit status of the tool, once, the same for all verbs; README.md and the EXIT STATUS
 * sections of the manual follow this list.  Where two apply, the one that stands higher wins, but
 * for STATUS_OK.
 *
 * `forksan run` ends with CMD's own status otherwise, so the numbers that speak of forksan are
 * numbers with which programs rarely end.
 */
#ifndef FORKSAN_TOOLS_EXIT_STATUS_H
#define FORKSAN_TOOLS_EXIT_STATUS_H

enum exit_status {
	STATUS_OK = 0,	   /* nothing found at the asked level; report: and nothing missed */
	STATUS_FOUND = 66, /* found at the level of --fail-on; run: exitcode= sets another number */
	STATUS_USAGE = 2,  /* wrong usage, a file that cannot be used, no memory */
	STATUS_NO_LOG = 65,	/* report: a file is no log of forksan */
	STATUS_INCOMPLETE = 67, /* nothing was watched, or something was missed (report; run with
				   --require-watched), or that is not known (run) */
	STATUS_UNKNOWN = 1,	/* explain: the input holds no known text */
	STATUS_NOT_INSTRUMENTED = 126, /* run, doctor: CMD cannot be run with forksan */
	STATUS_NOT_FOUND = 127,	       /* run, doctor: CMD was not found */
	STATUS_SIGNAL = 128, /* run: plus the signal's number, where CMD's end cannot be repeated */
};

/* Returns the status that wins. */
int exit_status_worse(int a, int b);

#endif
