/* SPDX-License-Identifier: MIT */
/*
 * Which processes of the session are still there, and hold a socket.  `forksan attach`, which
 * judges calls after they were made, has another alive.c: there a process lives until its end is
 * told.
 */
#include "registry/parts.h"

#include "common/liveness.h"

bool registry_process_alive(const struct registry_process *process)
{
	return registry_slot_runs(process);
}

/* True for a process that has ended by now, and has left the look who else is alive to its parent,
 * which was killed and will not look.  One that goes on is told that its parent has left: of the
 * two that mark first and then look at the other's mark, one sees it. */
static bool has_relied_on_killed(struct registry_process *process)
{
	uint32_t serial = process->parent_serial.n;
	const struct registry_process *parent =
		registry_process((struct process_slot){serial % FORKSAN_MAX_PROCESSES});

	if (serial == 0 || !parent || load_acquire(&parent->serial) != serial ||
	    load_acquire(&parent->state) != PROCESS_LIVE || !registry_slot_is_killed(parent))
		return false;
	fetch_or_relaxed(&process->family, FAMILY_PARENT_LEFT);
	atomic_thread_fence(memory_order_seq_cst);
	return liveness_claim(process).pid == 0;
}

bool registry_others_alive(const struct registry_process *self)
{
	uint32_t high = registry_process_high();

	for (uint32_t p = 0; p < high; p++) {
		struct registry_process *process = registry_process((struct process_slot){p});
		struct liveness_claim claim;

		if (!process || process == self)
			continue;
		claim = liveness_claim(process);
		/* Most are gone, which one call tells. */
		if (claim.pid == 0 || registry_claim_is_gone(&claim) ||
		    !registry_claim_runs(&claim) || registry_slot_is_killed(process) ||
		    has_relied_on_killed(process))
			continue;
		return true;
	}
	return false;
}

struct registry_process *registry_other_holder(struct socket_slot socket_slot,
					       const struct registry_process *self)
{
	return registry_other_holder_after(socket_slot, self, NULL);
}

struct registry_process *registry_other_holder_after(struct socket_slot socket_slot,
						     const struct registry_process *self,
						     const struct registry_process *alive)
{
	uint32_t high = registry_process_high();

	for (uint32_t p = 0; p < high; p++) {
		struct registry_process *process = registry_process((struct process_slot){p});

		if (!process || process == self || !registry_says_it_holds(process, socket_slot))
			continue;
		if (process == alive || registry_process_alive(process))
			return process;
		registry_retire_process(process);
	}
	return NULL;
}

bool registry_process_holds(const struct registry_process *process, struct socket_slot socket_slot)
{
	return registry_says_it_holds(process, socket_slot) && registry_process_alive(process);
}
