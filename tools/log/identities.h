/* SPDX-License-Identifier: MIT */
/*
 * Which findings were seen already, and how often.  A log holds the record of one finding again at
 * repeat 10, 100, 1000, ...; each such record counts all earlier times.
 *
 * The table has a fixed size.  When the table is full an old identity is forgotten.  From then on a
 * record of an unknown finding is taken for the next milestone: at repeat 100, ten times are taken
 * to be counted before.  For a whole log that is exact.
 */
#ifndef FORKSAN_TOOLS_IDENTITIES_H
#define FORKSAN_TOOLS_IDENTITIES_H

#include <stdbool.h>
#include <stdint.h>

struct identities;

struct identities *identities_new(void);
void identities_free(struct identities *identities);

/* Returns how many times the record adds to the times counted so far, and sets *is_new when the
 * finding was not seen before. */
uint64_t identities_count(struct identities *identities, uint64_t session, uint64_t id,
			  uint64_t repeat, bool *is_new);

#endif
