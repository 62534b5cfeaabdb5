/* SPDX-License-Identifier: MIT */
/*
 * What a new worker inherited: open-at-fork.
 */
#ifndef FORKSAN_SHIM_TRACK_WORKER_H
#define FORKSAN_SHIM_TRACK_WORKER_H

#include "process/process.h"

/* Reports the connections that this forked process still holds of its ancestors'.  Once in a
 * process; later calls return at once.  errno is kept. */
void track_look_for_inherited(void);

/* The process ends: one that outlived a second is looked at even if it never waited. */
void track_look_before_exit(void);

/* A forked process accepts or waits for events, so it is a worker. */
static inline void track_worker_goes_on(void)
{
	if (unlikely(!process_is_settled()))
		track_look_for_inherited();
}

#endif
