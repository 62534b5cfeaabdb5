/* SPDX-License-Identifier: MIT */
/*
 * Which findings are one, and how often each was seen, in the session's shared table.
 *
 * Two findings are different when their kinds, connections or places differ.  A place is the pair
 * of stacks of the two uses, or without uses the stack of the fork.  Damage (crossed replies,
 * goodbyes) by two processes is two findings, because the reader asks whose answers were wrong.  A
 * likely finding and a proven one of the same place are two findings.
 *
 * The table is bounded, and so is the part that one mistake may fill (limits.h): a number of places
 * of one connection, of connections of one place, of processes that damage one connection.  Beyond
 * that number all further findings together are one more finding.  A signal handler that uses a
 * connection over ever other stacks, a server that opens a connection for each child that the
 * server forks, workers that damage a connection and are replaced for ever: each leaves room for
 * other findings, and every finding is counted.  When half of the table is taken all the same, by
 * servers that do all of that for days, the rest is for mistakes that were not told yet: further
 * findings with the same sites of opening and fork are one more, for each kind and certainty.
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
	uint32_t
		elsewhere; /* times that the finding's entry counts, and that are other findings' */
	enum finding_merge merge;
};

/* True at the milestones of a count, at which a record is written: the 1st, 10th, 100th, ... time.
 */
bool finding_is_milestone(uint64_t repeat);

/* Counts, in the same table, an act of this process that forksan cannot see; blind.c calls this.
 * Returns how often the session's processes did so, 0 when there is no room.  Acts with different
 * details (NULL: none) count apart, up to FORKSAN_DETAILS_TOLD_APART details. */
uint64_t finding_count_blind(enum registry_counter counter, const char *detail);

/* True when standard error has to show this finding: the session did not show the bug of that
 * fingerprint yet, or showed the bug as less harmful or less certain.  False: the finding is
 * counted as repeated.  Called once for each finding that no log takes. */
bool finding_is_news(uint64_t fingerprint, enum kind kind, bool likely);

/* Notes in the finding's entry which bug the finding is of, for `forksan metrics`, and that its
 * sites were told.  Called for each finding that is reported. */
void finding_count_name(const struct finding_count *count, const struct finding_cause *cause,
			uint64_t fingerprint, uint64_t sites);

/* Returns site_places() of the finding. */
typedef uint64_t finding_sites(const struct finding_cause *cause, struct stack_id forked);

/* Counts one occurrence.  `forked`: the stack of the fork that put the connection into both
 * processes.  `sites` is asked seldom: once for each pair of stacks, when half of the table is
 * taken. */
struct finding_count finding_count(const struct finding_cause *cause, struct stack_id forked,
				   finding_sites *sites);

#endif
