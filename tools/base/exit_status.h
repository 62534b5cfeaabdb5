/* SPDX-License-Identifier: MIT */
/*
 * Every exit status of the tool, once, the same for all verbs; README.md and the manual's EXIT
 * STATUS sections follow this list.  What stands higher wins where two apply, but for STATUS_OK.
 *
 * `forksan run` has CMD's own status otherwise, so the numbers that say something about forksan are
 * those that programs rarely end with.
 */
#ifndef FORKSAN_TOOLS_EXIT_STATUS_H
#define FORKSAN_TOOLS_EXIT_STATUS_H

enum exit_status {
	STATUS_OK = 0,	   /* nothing found at the asked level; report: and nothing missed */
	STATUS_FOUND = 66, /* found at the level of --fail-on; run: exitcode= sets another number */
	STATUS_USAGE = 2,  /* wrong usage, a file that cannot be used, no memory */
	STATUS_NO_LOG = 65,	/* report: a file is no log of forksan */
	STATUS_INCOMPLETE = 67, /* nothing was watched, or something was missed (report; run with
				   --require-watched) */
	STATUS_UNKNOWN = 1,	/* explain: no text in it is known */
	STATUS_NOT_INSTRUMENTED = 126, /* run: CMD cannot be executed, or forksan cannot be in it */
	STATUS_NOT_FOUND = 127,	       /* run: CMD was not found */
	STATUS_SIGNAL = 128, /* run: plus the signal's number, where CMD's end cannot be repeated */
};

#endif
