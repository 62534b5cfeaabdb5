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

/* Runs the constructor's work when a wrapper is called before it (another library's constructor may
 * connect, pitfall 1).  Cheap afterwards. */
void init_run(void);

static inline void init_ensure(void)
{
	if (unlikely(!load_acquire(&init_done)))
		init_run();
}

/* What is to be done when the process ends, however it ends: by exit (destructor), _exit or
 * quick_exit.  Idempotent; the destructor may be followed by more calls of the host. */
void init_leave(void);

#endif
