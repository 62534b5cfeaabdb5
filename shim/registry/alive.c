/* SPDX-License-Identifier: MIT */
/*
 * Which processes of the session are still there.  `forksan attach`, which judges calls after they
 * were made, has another alive.c: there a process lives until its end is told.
 */
#include "registry/parts.h"

#include "common/liveness.h"

bool registry_process_alive(const struct registry_process *process)
{
	struct liveness_claim claim = liveness_claim(process);

	return claim.pid != 0 && registry_claim_runs(&claim);
}

bool registry_others_alive(const struct registry_process *self)
{
	uint32_t high = registry_process_high();

	for (uint32_t p = 0; p < high; p++) {
		const struct registry_process *process = registry_process((struct process_slot){p});

		if (process && process != self && registry_process_alive(process))
			return true;
	}
	return false;
}
