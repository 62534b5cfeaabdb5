/* SPDX-License-Identifier: MIT */
/*
 * See callback.h.
 */
#include "entry/callback.h"

#include <stddef.h>

#include "base/compiler.h"
#include "forksan/atomics.h"
#include "process/process.h"
#include "registry/registry.h"

FORKSAN_AT_START static _Atomic(callback_function *) callback;
static void *_Atomic callback_context;
FORKSAN_AT_START static _Atomic long told; /* violations of which the callback was called */

static long count_violations(void)
{
	if (!registry_get())
		return 0;
	return (long)load_relaxed(&registry_get()->header.counters[COUNT_VIOLATIONS_SEEN]);
}

void callback_set(callback_function *function, void *context)
{
	store_release(&callback, NULL);
	store_relaxed(&callback_context, context);
	store_relaxed(&told, count_violations());
	store_release(&callback, function);
}

FORKSAN_IN_EACH_CHILD long callback_run(void)
{
	callback_function *function = load_acquire(&callback);
	long seen = count_violations();
	long before = load_relaxed(&told);

	/* A vfork child shares these words with its parent, which will tell.  In a sandbox nobody
	 * can ask whether this is one.  Two threads that come at once: one tells. */
	if (function && seen > before && !process_is_sandboxed() && !process_is_vfork_child() &&
	    compare_exchange_acq_rel(&told, &before, seen))
		function(load_relaxed(&callback_context), seen - before);
	return seen;
}
