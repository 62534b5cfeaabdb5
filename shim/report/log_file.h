/* SPDX-License-Identifier: MIT */
/*
 * Opens the log, and no file that another user put on the log's path.
 *
 * The library writes as the user that runs the host, often root, and a log may lie in a directory
 * that others can write to.  The settings of fs.protected_* do not matter: the log is refused when
 *   - a symbolic link on the path, or the file itself, belongs to a user other than this process's
 *     or root: such a link can lead to a file that must not be written;
 *   - the file has a second name (a hard link), which another user may have given;
 *   - payload=1 and others may read the file.
 * A file that this process makes is new (O_EXCL), and gets the mode in the same call, never
 * afterwards.
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

/* Reasons to refuse a log, beyond the numbers of errno. */
enum log_refusal {
	LOG_IS_FOREIGN = 4096,
	LOG_HAS_OTHER_NAMES,
	LOG_IS_READABLE,
	LOG_IS_NO_FILE,
	LOG_IS_OTHER_OUTPUT, /* standard output or error is not the one with which the session began
			      */
	LOG_IS_FULL,	     /* log_max_size= */
	LOG_HAS_NO_DIRECTORY, /* log_path is relative, to a directory that has no name */
	LOG_REFUSAL_END,
};

/* Room for the parts of a path: too large for the stack of a signal handler. */
struct log_scratch {
	char path[LOG_PATH_BYTES]; /* the log's, by the caller */
	char rest[LOG_PATH_BYTES + PATH_MAX];
	char link[PATH_MAX];
};

struct log_file {
	struct stat stat;      /* of the file; st_mode 0: the file was not opened */
	struct stat directory; /* of the directory of the file's name, for a log that is kept and by
				* log_file_look() alone; st_mode 0: not known */
};

enum log_access {
	LOG_APPEND,	   /* and, where permitted, read: to see how the last line ends */
	LOG_APPEND_ONLY,   /* to be kept when privileges are given up */
	LOG_APPEND_IF_MADE /* as LOG_APPEND, but never makes a file */
};

/* Opens scratch->path for appending; returns the descriptor, -errno, or a negative refusal.
 * `given`: standard error at the start (st_mode 0: not known), which may be the log whichever user
 * owns the file. */
long log_file_open(struct log_scratch *scratch, enum log_access access, const struct stat *given,
		   struct log_file *file);

/* Fills `file` with the state of the file that scratch->path names now, without opening that file;
 * 0 or -errno. */
long log_file_look(struct log_scratch *scratch, struct log_file *file);

#endif
