/* SPDX-License-Identifier: MIT */
/*
 * Which findings are one, and how often each was seen, in the session's shared table.
 *
 * A finding is told from another by its kind, its connection and its place: the pair of stacks of
 * the two uses, or without uses the stack of the fork.  Damage (crossed replies, goodbyes) is told
 * of each process besides: whose answers were wrong matters.  What was likely is told again when
 * it is proven.
 *
 * The table is bounded, and so is what one mistake may take of it (limits.h): so many places of one
 * connection are told apart, so many connections of one place, so much damage to one connection.
 * All further ones together are one more finding.  A signal handler that uses a connection over
 * ever other stacks, a server that opens a connection for each child that it forks, workers that
 * damage a connection and are replaced for ever: each leaves room for what others do, and nothing
 * goes uncounted.
 *
 * Any thread, signal handlers; lock-free.  A process that is killed here has counted, or has not.
 */
#ifndef FORKSAN_SHIM_FINDING_COUNT_H
#define FORKSAN_SHIM_FINDING_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "report/finding.h"

struct finding_count {
	uint64_t id;	 /* of the finding in the session; never 0 */
	uint64_t repeat; /* times seen, this one included; 0: the table is full, counted as lost */
	enum finding_merge merge;
};

/* True at the milestones of a count, at which a record is written: the 1st, 10th, 100th, ... time.
 */
bool finding_is_milestone(uint64_t repeat);

/* Counts, in the same table, something that a process did and that cannot be seen; returns how often
 * that was done in the session, 0 when there is no room.  With a detail (NULL: none) it is told apart
 * from the same with another detail, FORKSAN_DETAILS_TOLD_APART of them. */
uint64_t finding_count_blind(enum registry_counter counter, const char *detail);

/* Whether standard error has to say this: the bug of that fingerprint was not shown in the session
 * yet, or only something less harmful, or less certain, of it.  Else it is counted as repeated. */
bool finding_is_news(uint64_t fingerprint, enum kind kind, bool likely);

/* Counts one occurrence.  `forked`: the stack of the fork that matters. */
struct finding_count finding_count(const struct finding_cause *cause, struct stack_id forked);

#endif
