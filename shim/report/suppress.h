/* SPDX-License-Identifier: MIT */
/*
 * Findings that are known and accepted: suppressions=FILE, one entry a line (common/suppression.h).
 *
 * The file is read once in a program, at its start; forked children have the entries, and share
 * which of them were used.  Without the option nothing here costs anything.  No malloc, no lock; no
 * descriptor stays open.
 */
#ifndef FORKSAN_SHIM_SUPPRESS_H
#define FORKSAN_SHIM_SUPPRESS_H

#include <stdbool.h>

#include "report/finding.h"

/* Reads the file of suppressions=.  A line that is no entry, and a file that cannot be read, get a
 * line by `warn`, without newline; the rest holds.  Called once, in the constructor of
 * a program that has the option. */
void suppress_start(void (*warn)(const char *line));

/* True when suppressions= is given and its file could not be read, or not all of it. */
bool suppress_is_incomplete(void);

/* True when there are entries. */
bool suppress_has_entries(void);

/* True when an entry fits the finding, of which kind, connection and stacks are filled.  The answer
 * is remembered for each place: async-signal-safe, and about 2 KiB of stack. */
bool suppress_fits(const struct registry *registry, const struct finding *finding);

/* Returns the next entry, after number *at, that has fitted nothing in this process and in those
 * that have the entries from it or from the same parent, and the entry's line; NULL: no more. */
const char *suppress_unused(unsigned *at, unsigned *line);

#endif
