/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean": the name that a mistyped word is closest to.  Pure, no allocation.
 */
#ifndef FORKSAN_COMMON_SUGGEST_H
#define FORKSAN_COMMON_SUGGEST_H

#include <stddef.h>

/* Names and words longer than this are never suggested nor matched. */
#define SUGGEST_MAX_LEN 31

/* The number of letters inserted, left out, replaced or swapped with their neighbour that make one
 * word of the other, whatever their case; SUGGEST_MAX_LEN + 1 when one is too long. */
size_t suggest_distance(const char *a, size_t a_len, const char *b, size_t b_len);

/* The closest of `names`, the first of equals; NULL when no name is near.  A third of a name's
 * letters, at least two, may be wrong, but never all.  A beginning of four letters is near. */
const char *suggest_closest(const char *word, size_t len, const char *const names[], size_t count);

#endif
