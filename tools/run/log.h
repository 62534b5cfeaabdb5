/* SPDX-License-Identifier: MIT */
/*
 * The log of `forksan run`: opened before CMD starts, completed and shown at CMD's end.
 */
#ifndef FORKSAN_TOOLS_RUN_LOG_H
#define FORKSAN_TOOLS_RUN_LOG_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "forksan/finding.h"
#include "session/registry.h"

struct run_log {
	const char *verb;    /* in whose messages an error stands */
	int fd;		     /* read and append */
	off_t start;	     /* where this session's part of the file begins */
	bool is_temporary;   /* goes when the log is closed */
	char path[PATH_MAX]; /* absolute: CMD may change its directory */
};

/* Opens FILE, and creates a missing FILE; private: readable by nobody else.  False, with a message,
 * when FILE cannot be used. */
bool run_log_open(struct run_log *log, const char *verb, const char *name, bool private);

/* Makes a file in TMPDIR, which run_log_close() removes.  False, with a message: that cannot be. */
bool run_log_open_temporary(struct run_log *log, const char *verb);
void run_log_close(struct run_log *log);

/* Writes the session's summary record, when no process of the session wrote this record. */
void run_log_add_summary(struct run_log *log, const char *session,
			 const struct session_registry *registry);

struct run_log_content {
	bool any;		     /* the session has records */
	uint64_t found[LEVEL_COUNT]; /* times seen */
	uint64_t bugs[LEVEL_COUNT];
	uint64_t broken_lines;
};

struct report;
struct suppressions;

/* How to show a log. */
struct run_log_view {
	bool quiet; /* nothing on stderr */
	FILE *html; /* gets the page of `forksan report --html`; NULL: none */
	struct suppressions *suppressions; /* NULL: none */
	const struct report *baseline;	   /* whose bugs are known; NULL: none */
};

/* Reads the records of `session` in the part of the log from log->start on, and shows the session's
 * bugs. */
struct run_log_content run_log_show(struct run_log *log, uint64_t session,
				    const struct run_log_view *view);

#endif
