/* SPDX-License-Identifier: MIT */
/*
 * What processes and connections are named by, a type for each: a name of one cannot be given where
 * that of another is asked for.  One word each, so the types cost no instruction.
 *
 * Shared memory holds plain words; they get their type where they are read.
 */
#ifndef FORKSAN_IDS_H
#define FORKSAN_IDS_H

#include <stdint.h>

/* An index into `processes` and `holds` of struct registry. */
struct process_slot {
	uint32_t n;
};

/* An index into `sockets` and `socket_state` of struct registry. */
struct socket_slot {
	uint32_t n;
};

/* The word and the bit of a bitmap with one bit for each socket slot. */
static inline uint32_t socket_slot_word(struct socket_slot slot)
{
	return slot.n / 64;
}

static inline uint64_t socket_slot_bit(struct socket_slot slot)
{
	return UINT64_C(1) << slot.n % 64;
}

#endif
