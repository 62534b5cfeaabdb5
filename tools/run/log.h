/* SPDX-License-Identifier: MIT */
/*
 * The log of `forksan run -o FILE`: made ready before CMD starts, completed and shown at its end.
 */
#ifndef FORKSAN_TOOLS_RUN_LOG_H
#define FORKSAN_TOOLS_RUN_LOG_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "forksan/finding.h"
#include "run/registry.h"

struct run_log {
	int fd;		     /* read and append */
	off_t start;	     /* where our part of the file begins */
	char path[PATH_MAX]; /* absolute: CMD may change its directory */
};

/* Creates FILE when it is not there; private: readable by nobody else.  False, with a message, when
 * it cannot be used. */
bool run_log_open(struct run_log *log, const char *name, bool private);
void run_log_close(struct run_log *log);

/* Writes the session's summary record; for when its own processes did not. */
void run_log_add_summary(struct run_log *log, const char *session,
			 const struct run_registry *registry);

struct run_log_content {
	bool any;		     /* the session has records */
	uint64_t found[LEVEL_COUNT]; /* times seen */
	uint64_t bugs[LEVEL_COUNT];
	uint64_t broken_lines;
};

/* Reads the records of `session` in the new part of FILE, and shows its bugs on stderr unless
 * `quiet`. */
struct run_log_content run_log_show(struct run_log *log, uint64_t session, bool quiet);

#endif
