/* SPDX-License-Identifier: MIT */
/*
 * Connections that a new worker inherited: open-at-fork.
 */
#ifndef FORKSAN_SHIM_TRACK_WORKER_H
#define FORKSAN_SHIM_TRACK_WORKER_H

#include "process/process.h"

/* Reports the connections of its ancestors that this forked process still holds.  Works once in a
 * process; later calls return at once.  Called at the first wait, the first use and the end.  errno
 * is kept. */
void track_look_for_inherited(void);

/* Called when the process ends: a process that outlived a second is looked at even if there was no
 * wait before. */
void track_look_before_exit(void);

/* The wrappers call this function before the process accepts or waits for events: a forked process
 * that does so is a worker. */
static inline void track_worker_goes_on(void)
{
	if (unlikely(!process_is_settled()))
		track_look_for_inherited();
}

#endif
