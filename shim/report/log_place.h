/* SPDX-License-Identifier: MIT */
/*
 * Logs that are no file: log_path=stderr, stdout, syslog, journald.
 *
 *   stderr, stdout	the descriptor with which the session began, in each process that has the
 *same; a program whose output is caught by its parent writes nothing there
 *   syslog		a datagram to /dev/log, with the cookie "@cee:" before the JSON
 *   journald		a datagram to the journal's socket, the JSON as MESSAGE beside other fields
 *
 * Async-signal-safe, no malloc, no errno.  write.c calls with signals blocked.
 */
#ifndef FORKSAN_SHIM_REPORT_LOG_PLACE_H
#define FORKSAN_SHIM_REPORT_LOG_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "forksan/finding.h"

enum log_place { PLACE_FILE, PLACE_STDERR, PLACE_STDOUT, PLACE_SYSLOG, PLACE_JOURNAL };

/* The properties of a record that a place shows beside the line. */
struct record_tags {
	const char *record;
	const char *kind; /* of a finding; NULL: of no finding */
	enum level level; /* LEVEL_COUNT: of no finding */
	const char *session;
	pid_t pid;
};

/* The place that log_path= names. */
enum log_place log_place_of(const char *log_path);

/* Returns a descriptor for log_place_write(), -errno or a negative enum log_refusal. */
long log_place_open(enum log_place place, struct stat *stat);

/* True for a place whose descriptor log_place_open() has opened; false for the host's own, which
 * stays open. */
bool log_place_is_ours(enum log_place place);

/* The longest line that the place, or a file, takes whole. */
size_t log_place_line_bytes(enum log_place place, const struct stat *stat);

/* Writes the line, which ends in a newline.  0 or -errno; -EAGAIN: the reader did not come. */
int log_place_write(enum log_place place, int fd, const struct stat *stat,
		    const struct record_tags *tags, const char *line, size_t len);

#endif
