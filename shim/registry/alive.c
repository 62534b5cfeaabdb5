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

bool registry_others_alive(const struct registry_process *self)
{
	uint32_t high = registry_process_high();

	for (uint32_t p = 0; p < high; p++) {
		const struct registry_process *process = registry_process((struct process_slot){p});

		struct liveness_claim claim;

		if (!process || process == self)
			continue;
		claim = liveness_claim(process);
		/* Most are gone, which one call tells. */
		if (claim.pid != 0 && !registry_claim_is_gone(&claim) &&
		    registry_claim_runs(&claim))
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
