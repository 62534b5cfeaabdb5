/* SPDX-License-Identifier: MIT */
/*
 * The beginning and the end of forksan in a process.
 */
#ifndef FORKSAN_SHIM_INIT_H
#define FORKSAN_SHIM_INIT_H

#include <stdbool.h>

#include "base/compiler.h"
#include "forksan/atomics.h"
#include "registry/registry.h"

extern FORKSAN_HIDDEN _Atomic bool init_done;

/* True when this process needs not look for a session any more: it has joined one, or cannot. */
extern FORKSAN_HIDDEN _Atomic bool init_has_joined;

/* Does the constructor's work.  Called by the constructor, and by a wrapper that runs before
 * (another library's constructor may connect).  Cheap afterwards. */
void init_run(void);

static inline void init_ensure(void)
{
	if (unlikely(!load_acquire(&init_done)))
		init_run();
}

/* Joins the session, or begins one.  Called before the process does something for which it needs a
 * session: connects, starts another process, gives up a right without which it would not find the
 * session later.  Any thread, signal handlers; a second thread waits until the first has joined,
 * which takes less than a millisecond.  In a vfork child and in a sandbox nothing happens. */
void init_join_now(enum registry_wish wish);

static inline void init_join(void)
{
	if (unlikely(!load_acquire(&init_has_joined)))
		init_join_now(REGISTRY_FIND_OR_BEGIN);
}

/* The same, but begins no session: for a process that may have got a connection from another
 * process of its session.  Looks once. */
static inline void init_find(void)
{
	if (unlikely(!load_acquire(&init_has_joined)))
		init_join_now(REGISTRY_FIND);
}

/* Does what is to be done at the end of the process.  Called by the destructor (exit), by _exit()
 * and by quick_exit(); a second call does no harm, and the host may go on to use connections after
 * the destructor. */
void init_leave(void);

#endif
