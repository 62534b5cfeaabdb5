/* SPDX-License-Identifier: MIT */
/*
 * Which processes of the session are still there.  `forksan attach`, which judges calls after they
 * were made, has another alive.c: there a process lives until its end is told.
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
