/* SPDX-License-Identifier: MIT */
/*
 * The log of `forksan run -o FILE`: opened before CMD starts, completed and shown at CMD's end.
 */
#ifndef FORKSAN_TOOLS_RUN_LOG_H
#define FORKSAN_TOOLS_RUN_LOG_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "forksan/finding.h"
#include "session/registry.h"

struct run_log {
	int fd;		     /* read and append */
	off_t start;	     /* where this session's part of the file begins */
	char path[PATH_MAX]; /* absolute: CMD may change its directory */
};

/* Opens FILE, and creates a missing FILE; private: readable by nobody else.  False, with a message,
 * when FILE cannot be used. */
bool run_log_open(struct run_log *log, const char *name, bool private);
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

/* Reads the records of `session` in the part of FILE from log->start on, and shows the session's
 * bugs on stderr unless `quiet`. */
struct run_log_content run_log_show(struct run_log *log, uint64_t session, bool quiet);

#endif
