/* SPDX-License-Identifier: MIT */
/*
 * The numbers that name processes and connections, a type for each: a number of one type cannot be
 * passed where another is asked for.  One word each, so the types cost no instruction.
 *
 * Atomic words of shared memory are plain; their readers give them the type.
 */
#ifndef FORKSAN_IDS_H
#define FORKSAN_IDS_H

#include <stdbool.h>
#include <stdint.h>

/* A process of the session, alive or dead: 1, 2, 3, ... in order of birth, never given out twice.
 * 0: nobody. */
struct serial {
	uint32_t n;
};

static inline bool serial_is(struct serial one, struct serial other)
{
	return one.n == other.n;
}

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
