/* SPDX-License-Identifier: MIT */
/*
 * Threads that end inside of a call: pthread_cancel(), and pthread_exit() in a signal handler.
 *
 * libc calls the destructor of a thread-specific value in every thread that ends in one of its
 * ways (pthread_key_create(3)), with the thread's variables still in place.  So a call that such a
 * thread was inside of ends with the thread, in a process that makes no call any more, too.  The
 * value of a thread is set at its first call on a shared connection, and costs nothing before.
 *
 * Any thread, signal handlers, fork children.
 */
#ifndef FORKSAN_SHIM_TRACK_THREAD_END_H
#define FORKSAN_SHIM_TRACK_THREAD_END_H

#include <stdbool.h>

#include "base/compiler.h"

/* libc's pthread_key_create() and pthread_setspecific(), by pointers as stack_getspecific
 * (stack/stack.h).  Set by entry/real.c; NULL: not there. */
extern FORKSAN_HIDDEN int (*thread_end_create)(unsigned *key, void (*destructor)(void *));
extern FORKSAN_HIDDEN int (*thread_end_set)(unsigned key, const void *value);

/* Called when the process joins its session and the functions are known; later calls do nothing.
 * `end`: ends the calls that the calling thread is inside of. */
void thread_end_start(void (*end)(void));

/* True once the end of this thread is noticed, or cannot be. */
extern FORKSAN_HIDDEN __thread bool thread_end_is_noted;
cold void thread_end_note_now(void);

/* Call it when this thread is about to enter a call that others will know of. */
static inline void thread_end_note(void)
{
	if (unlikely(!thread_end_is_noted))
		thread_end_note_now();
}

#endif
