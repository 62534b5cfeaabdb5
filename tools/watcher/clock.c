/* SPDX-License-Identifier: MIT */
/* See clock.h. */
#include "watcher/clock.h"

#include <time.h>

#include "base/sys.h"

static uint64_t record_ns;

static uint64_t read_clock(int clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) != 0)
		return 0;
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void clock_set(uint64_t monotonic_ns)
{
	record_ns = monotonic_ns;
}

uint64_t clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t sys_clock_ns(int clock)
{
	uint64_t now = read_clock(clock);

	/* The record lies as far back on every clock. */
	return record_ns == 0 ? now : now - (clock_now() - record_ns);
}
