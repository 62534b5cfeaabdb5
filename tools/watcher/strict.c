/* SPDX-License-Identifier: MIT */
/*
 * See strict.h.  The claim before the bytes (track/use_claim.h) is the kernel's here.
 */
#include "watcher/strict.h"

#include <setjmp.h>

#include "watcher/actor.h"
#include "watcher/loader.h"
#include "track/use_claim.h"
#include "track/use_refused.h"

static enum event_gate gate;		/* what the kernel did about the use that is judged */
static struct lineage_use refused_over; /* what the use broke that it has refused */
static jmp_buf stopped;

static _Noreturn void stop_actor(void)
{
	if (gate == EVENT_GATE_PASSED)
		loader_abort(actor_now->pid, actor_now->number);
	longjmp(stopped, 1);
}

void strict_start(void)
{
	track_stop_by(stop_actor);
}

void strict_judge(const struct event_use *use,
		  void (*judge)(const struct event_use *use, void *context), void *context)
{
	gate = use ? (enum event_gate)use->gate : EVENT_GATE_PASSED;
	if (gate == EVENT_GATE_REFUSED)
		refused_over = (struct lineage_use){actor_serial((uint32_t)(use->before >> 32)),
						    (uint32_t)use->before};
	if (setjmp(stopped) == 0)
		judge(use, context);
}

void strict_choose_action(struct track_call *call)
{
	if (call->action == ACTION_ABORTED && gate == EVENT_GATE_PASSED &&
	    !loader_is_there(actor_now->pid, actor_now->number))
		call->action = ACTION_REPORTED;
}

bool use_claim(struct track_call *call, int flags, const struct iovec *iov, int count)
{
	(void)flags;
	if (gate != EVENT_GATE_REFUSED)
		return true;
	use_refused(call, refused_over, iov, count);
	return false;
}

bool use_look(struct track_call *call, int flags)
{
	(void)call;
	(void)flags;
	return true;
}

void use_give_back(struct track_call *call)
{
	(void)call;
}
