/* SPDX-License-Identifier: MIT */
/*
 * Puts finished records where they belong: a line at the end of the log, a block on stderr.
 *
 * No descriptor is kept between records (but see report_write_keep()), so there is none that the
 * host could close, inherit or mistake for its own; the one that is open for some microseconds is
 * checked (device, inode) before it is written and before it is closed.  Signals are blocked
 * meanwhile, and those that the write itself raises (SIGPIPE, SIGXFSZ) do not reach the host.  No
 * malloc, no lock, no errno.
 */
#ifndef FORKSAN_SHIM_REPORT_WRITE_H
#define FORKSAN_SHIM_REPORT_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "report/log_file.h"

/* Remembers what descriptors 0 and 2 are when the program starts: report_write_stderr() compares.
 * Once, in the constructor, before anything may be written. */
void report_write_remember_stderr(void);

/* Remembers the working directory, so that a relative log_path means the same after the host's
 * chdir().  Once, in the constructor, after options_parse(). */
void report_write_remember_directory(void);

/* Keeps log_path open from now on, for appending alone: before the host gives up the privileges
 * with which the log can be opened, or the root directory from which it is found.  Children inherit
 * the descriptor.  When the host closes it, nothing is kept, and what took the number is not
 * written to. */
void report_write_keep(struct log_scratch *scratch, pid_t pid);

/* The log while records are written to it.  Signals are blocked meanwhile. */
struct report_log {
	struct log_scratch *scratch;
	struct signal_guard {
		uint64_t mask;	  /* the thread's own */
		uint64_t pending; /* before the first write */
	} guard;
	struct stat stat;
	int fd;
	bool is_kept;	   /* the descriptor stays: see report_write_keep() */
	size_t line_bytes; /* the longest line: a pipe takes PIPE_BUF bytes whole */
	uint64_t identity; /* of the file; never 0 */
};

/* Opens log_path.  0, -errno or a negative enum log_refusal; only after 0 is the log closed. */
int report_write_open(struct report_log *log, struct log_scratch *scratch, pid_t pid);

/* Appends the line, newline included.  line[-1] must be '\n': it is written, too, when the file's
 * last line was left without an end, or may have been.  0 or -errno; -EAGAIN: the log is a pipe
 * that is full, and its reader did not come in time. */
int report_write_line(struct report_log *log, const char *line, size_t len);

void report_write_close(struct report_log *log);

/* Writes the block to descriptor 2.  0 or -errno; -EPERM when descriptor 2 is not, or is no longer,
 * a place for messages: a socket that it was not from the start, a connection that is watched, or a
 * data file that took the number. */
int report_write_stderr(const char *block, size_t len);

#endif
