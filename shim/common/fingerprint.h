/* SPDX-License-Identifier: MIT */
/*
 * The number of a bug: the same in the next run, on another host, in another directory, and after
 * lines have moved.  Pure.
 *
 * A bug is a place that opens a connection, a protocol and a place that forks.  Of a place the
 * file's base name and the function count.  The kinds of a bug's findings do not count, since one
 * bug leads to several kinds.  In place of the opening site of a connection that was open before
 * the watch began stands the name of the program that held it.
 */
#ifndef FORKSAN_COMMON_FINGERPRINT_H
#define FORKSAN_COMMON_FINGERPRINT_H

#include <stdint.h>

#define FINGERPRINT_DIGITS 16 /* hexadecimal, as it is written */

struct fingerprint_site {
	const char *file; /* of an interpreter's frame, or a native frame's module; NULL: unknown */
	const char *function; /* NULL: unknown */
};

uint64_t fingerprint(const char *protocol, struct fingerprint_site opened,
		     struct fingerprint_site forked);

#endif
