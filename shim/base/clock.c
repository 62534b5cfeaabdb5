/* SPDX-License-Identifier: MIT */
/* The time.  `forksan attach`, which judges calls after they were made, has another clock.c. */
#include "base/sys.h"

#include <time.h>

uint64_t sys_clock_ns(int clock)
{
	struct timespec now;

	/* clock_gettime is async-signal-safe (signal-safety(7)) and, with a valid clock and
	 * pointer, never sets errno. */
	if (clock_gettime(clock, &now) != 0)
		return 0;
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}
