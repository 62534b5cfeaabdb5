/* SPDX-License-Identifier: MIT */
/*
 * See thread_end.h.
 */
#include "track/thread_end.h"

#include <stddef.h>

/* glibc keeps the values of the first keys in the thread itself, and allocates room for later ones
 * when they are set (PTHREAD_KEY_2NDLEVEL_SIZE in nptl/internaltypes.h), which a signal handler
 * must not do.  The key of a process that has just joined its session is mostly among the first. */
#define KEYS_WITHOUT_MALLOC 32

FORKSAN_AT_START int (*thread_end_create)(unsigned *key, void (*destructor)(void *));
FORKSAN_AT_START int (*thread_end_set)(unsigned key, const void *value);

__thread bool thread_end_is_noted;

FORKSAN_AT_START static unsigned key;
FORKSAN_AT_START static bool has_key;
FORKSAN_AT_START static void (*end_calls)(void);

/* Called by libc in a thread that ends, which may make calls still: other destructors run after
 * this one, and then the value is set anew. */
static void on_end(void *value)
{
	(void)value;
	thread_end_is_noted = false;
	end_calls();
}

void thread_end_start(void (*end)(void))
{
	if (end_calls)
		return;
	end_calls = end;
	has_key = thread_end_create && thread_end_set && thread_end_create(&key, on_end) == 0 &&
		  key < KEYS_WITHOUT_MALLOC;
}

void thread_end_note_now(void)
{
	thread_end_is_noted = true;
	if (has_key)
		thread_end_set(key, &has_key);
}
