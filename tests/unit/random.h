/* SPDX-License-Identifier: MIT */
/*
 * Random histories that can be repeated: xorshift64* (Marsaglia, "Xorshift RNGs", 2003; Vigna
 * 2014), small, and the same everywhere.  The test sets random_state, which must not be 0.
 */
#ifndef FORKSAN_TESTS_RANDOM_H
#define FORKSAN_TESTS_RANDOM_H

#include <stdint.h>
#include <stdlib.h>

static uint64_t random_state;

static inline uint64_t random_next(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline uint32_t random_below(uint32_t bound)
{
	return (uint32_t)(random_next() >> 33) % bound;
}

static inline uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

#endif
