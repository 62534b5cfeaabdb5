/* SPDX-License-Identifier: MIT */
/*
 * The names of include/forksan/finding.h, by value.  A value that the enum does not have, as from
 * shared memory, gives "unknown" or the nearest valid word, never a crash.  Pure.
 */
#ifndef FORKSAN_COMMON_NAMES_H
#define FORKSAN_COMMON_NAMES_H

#include <stdbool.h>

#include "forksan/finding.h"

const char *kind_name(enum kind kind);
enum level kind_level(enum kind kind);
const char *level_name(enum level level);
/* "isolated"; NULL for ACTION_REPORTED. */
const char *action_name(enum finding_action action);
const char *relation_name(enum relation relation);
const char *language_name(enum language language);

/* A counter's name in the log, and its sentence. */
const char *counter_name(enum registry_counter counter);
const char *counter_sentence(enum registry_counter counter);

/* True for counters of things that were not seen or could not be done (LOST_...). */
static inline bool counter_is_loss(enum registry_counter counter)
{
	return counter >= LOST_PROCESSES;
}

/* True for losses after which "nothing was found" is no proof.  False for losses that cost no
 * finding: a descriptor whose reuse was noticed, a finding with fewer or later frames, a violation
 * that was found and could not be stopped. */
static inline bool counter_voids_silence(enum registry_counter counter)
{
	return counter_is_loss(counter) && counter != LOST_STALE_FDS && counter != LOST_STACKS &&
	       counter != LOST_LATE_STACKS && counter != LOST_ISOLATION;
}

#endif
