/* SPDX-License-Identifier: MIT */
/*
 * Which findings are one, and how often each was seen, in the session's shared table.
 *
 * A finding is told from another by its kind, its connection and its place: the pair of stacks of
 * the two uses, or without uses the stack of the fork.  Damage (crossed replies, goodbyes) is told
 * of each process besides: whose answers were wrong matters.
 *
 * The table is bounded, and so is what one mistake may take of it.  Of one kind and connection
 * (and, for damage, process) FORKSAN_PLACES_PER_CONNECTION places are told apart; all others are
 * one more finding. Of one kind and place FORKSAN_CONNECTIONS_PER_PLACE connections are, but for
 * damage; all others are one more finding.  So a signal handler that uses a connection over ever
 * other stacks, and a server that opens a connection for each child that it forks, leave room for
 * what others do, and no use goes uncounted.
 *
 * Any thread, signal handlers; lock-free.  A process that is killed here has counted, or has not.
 */
#ifndef FORKSAN_SHIM_FINDING_COUNT_H
#define FORKSAN_SHIM_FINDING_COUNT_H

#include <stdint.h>

#include "finding.h"

struct finding_count {
	uint64_t id;	 /* of the finding in the session; never 0 */
	uint64_t repeat; /* times seen, this one included; 0: the table is full, counted as lost */
	enum finding_merge merge;
};

/* Counts one occurrence.  `forked`: the stack of the fork that matters. */
struct finding_count finding_count(const struct finding_cause *cause, struct stack_id forked);

#endif
