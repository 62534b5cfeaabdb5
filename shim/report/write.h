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

#include <stddef.h>
#include <sys/types.h>

/* Remembers what descriptor 2 is when the program starts: report_write_stderr() compares.  Once, in
 * the constructor, before anything may be written. */
void report_write_remember_stderr(void);

/* Remembers the working directory, so that a relative log_path means the same after the host's
 * chdir().  Once, in the constructor, after options_parse(). */
void report_write_remember_directory(void);

/* Keeps the log open from now on: before the host gives up the privileges with which it can open
 * it, or the root directory from which it is found.  Children inherit it.  Whoever closes it ends
 * that, and what took its number is not written to.  Without log_path nothing is kept. */
void report_write_keep(pid_t pid);

/* Appends the line, newline included, to log_path.  line[-1] must be '\n': it is written, too, when
 * the file's last line was left without an end.  0 or -errno. */
int report_write_log(const char *line, size_t len, pid_t pid);

/* Writes the block to descriptor 2.  0 or -errno; -EPERM when descriptor 2 is not, or is no longer,
 * a place for messages: a socket, or a data file that took the number. */
int report_write_stderr(const char *block, size_t len);

#endif
