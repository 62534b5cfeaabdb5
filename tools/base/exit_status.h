/* SPDX-License-Identifier: MIT */
/*
 * Every exit status of the tool, once; the manual's EXIT STATUS sections follow this list.
 */
#ifndef FORKSAN_TOOLS_EXIT_STATUS_H
#define FORKSAN_TOOLS_EXIT_STATUS_H

enum exit_status {
	STATUS_OK = 0,
	STATUS_MATCHED = 1,    /* report: --fail-on's level, or a higher one, is in the log */
	STATUS_USAGE = 2,      /* wrong usage, an unreadable file, no memory */
	STATUS_VIOLATION = 66, /* run: a violation was counted; exitcode= sets another number */
	STATUS_NOT_INSTRUMENTED = 126, /* run: CMD cannot be executed, or forksan cannot be in it */
	STATUS_NOT_FOUND = 127,	       /* run: CMD was not found */
	STATUS_SIGNAL = 128, /* run: plus the signal's number, where CMD's end cannot be repeated */
};

#endif
