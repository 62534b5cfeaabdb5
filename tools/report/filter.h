/* SPDX-License-Identifier: MIT */
/*
 * Which findings of a log a reader wants to see: --kind, --peer, --pid, --since.
 */
#ifndef FORKSAN_TOOLS_REPORT_FILTER_H
#define FORKSAN_TOOLS_REPORT_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "log/record.h"

struct filter {
	unsigned kinds;	   /* bits 1 << enum kind; 0: all */
	const char *peer;  /* a part of the peer's address; NULL: all */
	int64_t pid;	   /* one of the two processes; 0: all */
	const char *since; /* a time, or the beginning of one, as the log writes; NULL: all */
};

/* Each takes the text of one option.  False, with a message of `verb`: the text is not valid. */
bool filter_read_kind(struct filter *filter, const char *verb, const char *text);
bool filter_read_pid(struct filter *filter, const char *verb, const char *text);
bool filter_read_since(struct filter *filter, const char *verb, const char *text);

/* True when the finding is wanted.  Pure. */
bool filter_fits(const struct filter *filter, const struct log_record *finding);

#endif
