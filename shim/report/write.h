/* SPDX-License-Identifier: MIT */
/*
 * Writes finished records: a line to the end of the log, a block to stderr.
 *
 * No descriptor is kept between records (but see report_write_keep()), so there is none that the
 * host could close, inherit or mistake for one of the host's own.  A descriptor is open for some
 * microseconds and is checked (device, inode) before each write and before the close.  The caller
 * blocks signals meanwhile, and signals that the write itself raises (SIGPIPE, SIGXFSZ) do not
 * reach the host.  No malloc, no lock, no errno.
 */
#ifndef FORKSAN_SHIM_REPORT_WRITE_H
#define FORKSAN_SHIM_REPORT_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "report/log_file.h"
#include "report/log_place.h"

/* Remembers the file of descriptor 2 at the program's start, and of 0 where that matters, for
 * report_write_stderr(). Called once, in the constructor, before any write. */
void report_write_remember_stderr(void);

/* Remembers the file of descriptor 1 for log_path=stdout, likewise; after options_parse(). */
void report_write_remember_stdout(void);

/* True for a path that begins in the working directory. */
static inline bool report_write_is_relative(const char *path)
{
	return path[0] != '\0' && path[0] != '/';
}

/* Remembers the working directory, so that a relative log_path or suppressions= means the same
 * after the host's chdir(). Called once, in the constructor, after options_parse(). */
void report_write_remember_directory(void);

/* Returns the directory that relative paths of options are in; "": there are none, or the directory
 * has no name. */
const char *report_write_directory(void);

/* Keeps log_path open from now on, for appending alone.  Called before the host gives up the
 * privileges with which the log can be opened, or the root directory from which the path is found.
 * Children inherit the descriptor.  When the host closes the descriptor, the log is not kept any
 * more, and a file that took the number is not written to. */
void report_write_keep(struct log_scratch *scratch, pid_t pid);

/* The log during the writes of records.  The caller has blocked the signals. */
struct report_log {
	struct log_scratch *scratch;
	struct signal_guard {
		uint64_t pending; /* before the first write */
	} guard;
	enum log_place place;
	struct stat stat;
	int fd;
	bool is_kept;	   /* the descriptor stays open: see report_write_keep() */
	bool takes_lines;  /* takes several lines by one write, whole */
	size_t line_bytes; /* the longest line: a pipe takes PIPE_BUF bytes whole */
	uint64_t identity; /* of the file; never 0 */
};

/* Opens log_path for records.  0, -errno or a negative enum log_refusal; after 0 the caller calls
 * report_write_close(), after an error not. */
int report_write_open(struct report_log *log, struct log_scratch *scratch, pid_t pid);

/* Counts a line of that length towards log_max_size=, by all processes together.  False: the log is
 * full, and the line must not be written. */
bool report_write_has_room(const struct record_tags *tags, size_t len);

/* Appends lines, the last newline included; more than one where log->takes_lines alone.  lines[-1]
 * must be '\n', which is written, too, when the file's last line was left without an end, or may
 * have been.  0 or -errno; -EAGAIN: the log is a full pipe, and the reader did not come in time. */
int report_write_lines(struct report_log *log, const struct record_tags *tags, const char *lines,
		       size_t len);

void report_write_close(struct report_log *log);

/* Writes the block to descriptor 2; blocks signals itself.  0 or -errno; -EPERM when descriptor 2
 * is not, or is no longer, a place for messages: a socket that was not there from the start, a
 * watched connection, or a data file that took the number. */
int report_write_stderr(const char *block, size_t len);

#endif
