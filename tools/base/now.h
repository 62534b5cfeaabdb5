/* SPDX-License-Identifier: MIT */
/* The time that runs evenly, for waits and lengths of time. */
#ifndef FORKSAN_TOOLS_BASE_NOW_H
#define FORKSAN_TOOLS_BASE_NOW_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in milliseconds. */
static inline uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
