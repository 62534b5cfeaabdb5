/* SPDX-License-Identifier: MIT */
/*
 * Prints a snapshot for people and for programs.  Names of processes and paths are foreign text: on
 * a terminal these are escaped, in JSON they are JSON's.
 */
#ifndef FORKSAN_TOOLS_SCAN_SHOW_H
#define FORKSAN_TOOLS_SCAN_SHOW_H

#include <stdio.h>

#include "scan/snapshot.h"

/* Prints a block for each connection, the most harmful first, then a line with the extent of the
 * snapshot. */
void show_text(const struct snapshot *snapshot, FILE *out);

/* Prints JSON Lines: a record `connection` each, then one record `scan` with the extent of the
 * snapshot. */
void show_json(const struct snapshot *snapshot, FILE *out);

/* Returns the connections that verdict_concerns() names, the most harmful first; the caller frees
 * the array, which is NULL when *count is 0. */
const struct scan_socket **show_order(const struct snapshot *snapshot, size_t *count);

#endif
