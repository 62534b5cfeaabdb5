/* SPDX-License-Identifier: MIT */
/*
 * The lineage rule as a function.  See lineage.h for the rule; tests/unit/test_lineage.c holds it
 * against a brute-force oracle that replays whole histories.
 */
#include "judge/lineage.h"

#include <string.h>

enum lineage_verdict lineage_judge(const struct lineage_process *process, struct lineage_use last)
{
	if (last.serial.n == 0)
		return LINEAGE_FIRST;
	if (serial_is(last.serial, process->self.serial))
		return LINEAGE_OWN;
	for (uint32_t i = 0; i < process->ancestor_count; i++) {
		if (!serial_is(process->ancestors[i].serial, last.serial))
			continue;
		return last.epoch <= process->ancestors[i].epoch ? LINEAGE_INHERITED
								 : LINEAGE_VIOLATION;
	}
	/* A process has a greater serial than its ancestors: one below the oldest that is known may
	 * be of a forgotten one. */
	if (process->ancestors_forgotten &&
	    last.serial.n < process->ancestors[process->ancestor_count - 1].serial.n)
		return LINEAGE_UNKNOWN;
	return LINEAGE_VIOLATION;
}

enum lineage_way_verdict lineage_judge_way(const struct lineage_process *process,
					   enum lineage_way way, struct lineage_use last)
{
	switch (lineage_judge(process, last)) {
	case LINEAGE_FIRST:
	case LINEAGE_OWN:
	case LINEAGE_INHERITED:
		return LINEAGE_WAY_SOUND;
	case LINEAGE_UNKNOWN:
		return LINEAGE_WAY_UNKNOWN;
	case LINEAGE_VIOLATION:
		break;
	}
	return way == LINEAGE_READ ? LINEAGE_WAY_VIOLATION : LINEAGE_WAY_SHARED;
}

bool lineage_ways_are_own(const struct lineage_process *process,
			  const struct lineage_use last[LINEAGE_WAYS])
{
	for (int way = 0; way < LINEAGE_WAYS; way++) {
		if (lineage_judge_way(process, (enum lineage_way)way, last[way]) !=
		    LINEAGE_WAY_SOUND)
			return false;
	}
	return true;
}

void lineage_fork(const struct lineage_process *parent, struct serial child_serial,
		  struct lineage_process *child)
{
	struct lineage_use forker = parent->self;
	uint32_t kept = parent->ancestor_count;
	bool forgotten = parent->ancestors_forgotten;

	if (kept == FORKSAN_MAX_ANCESTORS) {
		kept--;
		forgotten = true;
	}
	memmove(&child->ancestors[1], &parent->ancestors[0], kept * sizeof child->ancestors[0]);
	child->ancestors[0] = forker;
	child->ancestor_count = kept + 1;
	child->ancestors_forgotten = forgotten;
	child->self = (struct lineage_use){child_serial, 0};
}
