/* SPDX-License-Identifier: MIT */
/*
 * Opens the log, and nothing that other users made of its path.
 *
 * The library writes as whoever runs the host, often root, and a log may lie in a directory that
 * others can write to.  Whatever fs.protected_* say, the log is refused when
 *   - a symbolic link on its path, or the file itself, belongs to anyone but this process's user or
 *     root: it may lead to, or be, a file that is none of our business;
 *   - the file has a second name (a hard link), which another user may have given it;
 *   - payload=1 and others may read it.
 * What this process makes is new (O_EXCL), and its mode is set when it is made, never afterwards.
 *
 * Async-signal-safe, no malloc, no errno; the descriptors that are open meanwhile are O_PATH ones.
 */
#ifndef FORKSAN_SHIM_REPORT_LOG_FILE_H
#define FORKSAN_SHIM_REPORT_LOG_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "forksan/limits.h"

/* A working directory, a slash, and a log_path of full length. */
#define LOG_PATH_BYTES (PATH_MAX + FORKSAN_PATH_BYTES)

/* Why a log is refused; beyond the numbers of errno. */
enum log_refusal {
	LOG_IS_FOREIGN = 4096,
	LOG_HAS_OTHER_NAMES,
	LOG_IS_READABLE,
	LOG_IS_NO_FILE,
	LOG_HAS_NO_DIRECTORY, /* log_path is relative, to a directory that has no name */
	LOG_REFUSAL_END,
};

/* Where a path is taken apart: too large for the stack of a signal handler. */
struct log_scratch {
	char path[LOG_PATH_BYTES]; /* the log's, by the caller */
	char rest[LOG_PATH_BYTES + PATH_MAX];
	char link[PATH_MAX];
};

struct log_file {
	struct stat stat;      /* of the file; st_mode 0: it was not opened */
	struct stat directory; /* where its name stands; st_mode 0: not known */
};

enum log_access {
	LOG_APPEND,	   /* and, where that is allowed, read: to see how its last line ends */
	LOG_APPEND_ONLY,   /* to be kept when privileges are given up */
	LOG_APPEND_IF_MADE /* as LOG_APPEND, but never makes a file */
};

/* Opens scratch->path for appending; returns the descriptor, -errno, or a negative refusal.
 * `given`: what standard error is (st_mode 0: not known), which is a place for the log whoever owns
 * it. */
long log_file_open(struct log_scratch *scratch, enum log_access access, const struct stat *given,
		   struct log_file *file);

/* What scratch->path names now, without opening anything; 0 or -errno. */
long log_file_look(struct log_scratch *scratch, struct log_file *file);

#endif
