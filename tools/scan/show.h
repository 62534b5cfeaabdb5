/* SPDX-License-Identifier: MIT */
/*
 * Prints a snapshot for people and for programs.  Names of processes and paths are foreign text: on
 * a terminal these are escaped, in JSON they are JSON's.
 */
#ifndef FORKSAN_TOOLS_SCAN_SHOW_H
#define FORKSAN_TOOLS_SCAN_SHOW_H

#include <stdio.h>

#include "scan/snapshot.h"

/* Whose stacks are shown beside the holders: of the thread that waits, else of the first one. */
enum show_stacks {
	SHOW_NO_STACKS,
	SHOW_STACKS,	     /* of threads that sleep */
	SHOW_STACKS_STOPPED, /* each thread is stopped for the moment */
};

/* Prints a block for each connection, the most harmful first, then a line with the extent of the
 * snapshot. */
void show_text(const struct snapshot *snapshot, enum show_stacks stacks, FILE *out);

/* Prints JSON Lines: a record `connection` each, then one record `scan` with the extent of the
 * snapshot. */
void show_json(const struct snapshot *snapshot, enum show_stacks stacks, FILE *out);

/* Returns the connections that verdict_concerns() names, the most harmful first; the caller frees
 * the array, which is NULL when *count is 0. */
const struct scan_socket **show_order(const struct snapshot *snapshot, size_t *count);

#endif
