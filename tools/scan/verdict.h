/* SPDX-License-Identifier: MIT */
/*
 * The verdict of one look at a connection.  Pure: struct scan_socket in, facts out.
 *
 * A look shows which processes hold a connection and which wait on it, never which have used it:
 * `forksan run` proves a mistake, `forksan scan` can only point at the place.
 */
#ifndef FORKSAN_TOOLS_VERDICT_H
#define FORKSAN_TOOLS_VERDICT_H

#include "forksan/finding.h"
#include "scan/snapshot.h"

/* True for a connection that forksan is about: the client's side, of any protocol. */
bool verdict_concerns(const struct scan_socket *socket);

/* Several hold it: notice.  One waits on it: hazard.  Two wait on it: violation. */
enum level verdict_level(const struct scan_socket *socket);

/* Returns the level's meaning in words, without a full stop. */
const char *verdict_text(enum level level);

/* Orders by level, then by the number of holders, then by inode; for qsort() over pointers. */
int verdict_compare(const void *a, const void *b);

#endif
