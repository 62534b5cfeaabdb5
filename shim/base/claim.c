/* SPDX-License-Identifier: MIT */
/* See claim.h. */
#include "base/claim.h"

#include <signal.h>

#include "base/sys.h"
#include "forksan/atomics.h"

/* The address of this byte names the thread.  An ended thread may have had the same address: the
 * frames of that thread are gone, like those of a function that was left. */
static __thread char self;

static bool on_alternate_stack(void)
{
	stack_t now = {.ss_flags = 0};

	return sys_call(SYS_sigaltstack, 0, (long)(uintptr_t)&now, 0, 0, 0, 0) == 0 &&
	       (now.ss_flags & SS_ONSTACK) != 0;
}

/* True when the frame that holds this thread's claim has been left: stacks grow downwards, so the
 * frame is gone when `here` is as high.  (A handler that interrupted the holder is below it.)
 * Addresses on an alternate stack cannot be compared; a claim that was left there is found from the
 * thread's own stack, since no handler is active on the alternate stack by then. */
static bool was_left(const struct claim *claim, uintptr_t here)
{
	uintptr_t frame = load_relaxed(&claim->frame);

	return frame != 0 && frame <= here && !on_alternate_stack();
}

static void hold(struct claim *claim, uintptr_t here)
{
	store_relaxed(&claim->doubted_ns, 0);
	store_relaxed(&claim->frame, here);
}

bool claim_try(struct claim *claim)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t owner = load_relaxed(&claim->owner);

	if (owner == 0) {
		if (!compare_exchange_acq_rel(&claim->owner, &owner, (uintptr_t)&self))
			return false;
	} else if (owner != (uintptr_t)&self || !was_left(claim, here)) {
		return false;
	}
	hold(claim, here);
	return true;
}

bool claim_take_over(struct claim *claim, uint64_t now_ns)
{
	uint64_t doubted_ns = load_relaxed(&claim->doubted_ns);

	if (doubted_ns == 0) {
		compare_exchange_acq_rel(&claim->doubted_ns, &doubted_ns, now_ns);
		return false;
	}
	if (now_ns - doubted_ns < CLAIM_DOUBT_NS || now_ns < doubted_ns ||
	    !compare_exchange_acq_rel(&claim->doubted_ns, &doubted_ns, 0))
		return false;
	store_release(&claim->owner, (uintptr_t)&self);
	hold(claim, (uintptr_t)__builtin_frame_address(0));
	return true;
}

void claim_release(struct claim *claim)
{
	store_relaxed(&claim->frame, 0);
	store_release(&claim->owner, 0);
}

void claim_clear(struct claim *claim)
{
	if (load_relaxed(&claim->owner) != 0)
		claim_release(claim);
}
