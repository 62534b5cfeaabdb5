/* SPDX-License-Identifier: MIT */
/*
 * A snapshot for people and for programs.  Names of processes and paths are foreign text: on a
 * terminal they are escaped, in JSON they are JSON's.
 */
#ifndef FORKSAN_TOOLS_SCAN_SHOW_H
#define FORKSAN_TOOLS_SCAN_SHOW_H

#include <stdio.h>

#include "scan/snapshot.h"

/* A block for each connection, the most harmful first, then what was looked at. */
void show_text(const struct snapshot *snapshot, FILE *out);

/* JSON Lines: a record `connection` each, then one record `scan` with what was looked at. */
void show_json(const struct snapshot *snapshot, FILE *out);

/* The connections that verdict_concerns() names, the most harmful first; the caller frees the
 * array, which is NULL when *count is 0. */
const struct scan_socket **show_order(const struct snapshot *snapshot, size_t *count);

#endif
