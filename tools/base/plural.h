/* SPDX-License-Identifier: MIT */
/*
 * "1 fork", "2 forks".
 */
#ifndef FORKSAN_TOOLS_PLURAL_H
#define FORKSAN_TOOLS_PLURAL_H

#include <stdint.h>

/* The ending of a noun after the number `n`. */
static inline const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

#endif
