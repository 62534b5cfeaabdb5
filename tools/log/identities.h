/* SPDX-License-Identifier: MIT */
/*
 * Which findings were seen already, and how often: a log holds the record of one finding again at
 * repeat 10, 100, 1000, ..., each counting all before it.
 *
 * The table has a fixed size.  When it is full an old identity is forgotten, and from then on a
 * record that is not known is taken for the next milestone of its ladder (at 100 its 10 were
 * counted before), which is exact for a whole log.
 */
#ifndef FORKSAN_TOOLS_IDENTITIES_H
#define FORKSAN_TOOLS_IDENTITIES_H

#include <stdbool.h>
#include <stdint.h>

struct identities;

struct identities *identities_new(void);
void identities_free(struct identities *identities);

/* Returns how many times more than counted so far the finding was seen, and sets *is_new. */
uint64_t identities_count(struct identities *identities, uint64_t session, uint64_t id,
			  uint64_t repeat, bool *is_new);

#endif
