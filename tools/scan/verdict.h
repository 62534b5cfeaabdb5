/* SPDX-License-Identifier: MIT */
/*
 * What one look at a connection says of it.  Pure: struct scan_socket in, facts out.
 *
 * A look shows who holds a connection and who waits on it, never who has used it: what `forksan
 * run` proves, this can only point at.
 */
#ifndef FORKSAN_TOOLS_VERDICT_H
#define FORKSAN_TOOLS_VERDICT_H

#include "forksan/finding.h"
#include "scan/snapshot.h"

/* True for a connection that forksan is about: connected, of a class that is watched by default or
 * not known. */
bool verdict_concerns(const struct scan_socket *socket);

/* Several hold it: notice.  One waits on it: hazard.  Two wait on it: violation. */
enum level verdict_level(const struct scan_socket *socket);

/* The same in words, without a full stop. */
const char *verdict_text(enum level level);

/* Orders by level, then by the number of holders, then by inode; for qsort() over pointers. */
int verdict_compare(const void *a, const void *b);

#endif
