/* SPDX-License-Identifier: MIT */
/*
 * Parts for the writers of the log and of standard error: the signals that a write can raise, whole
 * writes, and a descriptor's identity.  For the files of write.h alone.  Async-signal-safe, no
 * malloc, no errno.
 */
#ifndef FORKSAN_SHIM_REPORT_WRITE_PARTS_H
#define FORKSAN_SHIM_REPORT_WRITE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "report/write.h"
#include "base/identity.h"
#include "base/sys.h"

/* st_mode 0: the call failed. */
static inline long stat_fd(long fd, struct stat *stat)
{
	stat->st_mode = 0;
	return sys_fstat((int)fd, stat);
}

static inline bool stat_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_mode != 0 && identity_is_same(identity_in(a), identity_in(b));
}

/* Notes which signals are pending before a write; the thread's signals are blocked. */
void guard_begin(struct signal_guard *guard);

/* Removes the signal that a write with that result has raised. */
void guard_take(const struct signal_guard *guard, long result);

/* Waits a little until the descriptor takes bytes, but not again after the reader did not come,
 * until a wait succeeds.  False: there is no room. */
bool wait_for_room(int fd);

/* Writes all of the bytes.  0 or -errno. */
int write_all(int fd, const char *bytes, size_t len);

/* A number for the file, never 0. */
uint64_t stat_identity(const struct stat *stat);

/* Returns the state of standard error at the program's start; st_mode 0: not known. */
const struct stat *stderr_at_start(void);

/* True when descriptor 1 or 2 is still the file that it was at the program's start, and a place for
 * messages; fills `stat`. */
bool standard_is_place(int fd, struct stat *stat);

#endif
