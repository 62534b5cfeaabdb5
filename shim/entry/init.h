/* SPDX-License-Identifier: MIT */
/*
 * The beginning and the end of forksan in a process.
 */
#ifndef FORKSAN_SHIM_INIT_H
#define FORKSAN_SHIM_INIT_H

#include <stdbool.h>

#include "base/compiler.h"
#include "forksan/atomics.h"

extern FORKSAN_HIDDEN _Atomic bool init_done;

/* Does the constructor's work.  Called by the constructor, and by a wrapper that runs before
 * (another library's constructor may connect).  Cheap afterwards. */
void init_run(void);

static inline void init_ensure(void)
{
	if (unlikely(!load_acquire(&init_done)))
		init_run();
}

/* Does what is to be done at the end of the process.  Called by the destructor (exit), by _exit()
 * and by quick_exit(); a second call does no harm, and the host may go on to use connections after
 * the destructor. */
void init_leave(void);

#endif
