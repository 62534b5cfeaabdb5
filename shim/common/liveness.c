/* SPDX-License-Identifier: MIT */
/* See liveness.h. */
#include "common/liveness.h"

#define NS_PER_SECOND UINT64_C(1000000000)

/* The unit of start times in /proc is 1/100 s on every supported machine: USER_HZ, time(7). */
#define NS_PER_TICK (NS_PER_SECOND / 100)

/* A child is born when its parent announces it, and starts up to a scheduling delay later.  No pid
 * is given to a second process within a second. */
#define SLACK_NS NS_PER_SECOND

bool liveness_is_announced(const struct registry_process *process, uint32_t word)
{
	return (word & 0xff) == PROCESS_BUSY && load_acquire(&process->serial) != 0;
}

struct liveness_claim liveness_claim(const struct registry_process *process)
{
	uint32_t word = load_acquire(&process->state);
	struct liveness_claim claim = {
		.born_boottime_ns = process->born_boottime_ns,
		.pid_namespace = load_relaxed(&process->pid_namespace),
	};

	if (word == PROCESS_LIVE)
		claim.pid = load_relaxed(&process->pid);
	else if (liveness_is_announced(process, word))
		claim.pid = (int32_t)(word >> 8); /* its parent's */
	if (claim.pid < 0)
		claim.pid = 0;
	return claim;
}

bool liveness_same_namespace(uint64_t pid_namespace, uint64_t own)
{
	return pid_namespace == 0 || own == 0 || pid_namespace == own;
}

/* The state letter and the start time of a process, fields 3 and 22 (proc(5)).  Its name in field 2
 * may hold anything, so the fields begin after the last `)`. */
static bool parse(const char *stat, size_t len_bytes, char *state, uint64_t *start_ticks)
{
	const char *end = stat + len_bytes;
	const char *at = end;
	uint64_t value = 0;
	int field = 2;

	while (at > stat && at[-1] != ')')
		at--;
	if (at == stat || end - at < 2 || at[0] != ' ')
		return false;
	*state = at[1];
	for (; at < end && field < 22; at++)
		field += *at == ' ';
	if (field < 22 || at == end || *at < '0' || *at > '9')
		return false;
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	*start_ticks = value;
	return true;
}

bool liveness_stat_agrees(const struct liveness_claim *claim, const char *stat, size_t len_bytes)
{
	uint64_t start_ticks;
	char state;

	if (!parse(stat, len_bytes, &state, &start_ticks))
		return true;
	if (state == 'Z' || state == 'X')
		return false;
	/* Divided first: the birth may be any number, and the sum must not overflow. */
	return start_ticks <= claim->born_boottime_ns / NS_PER_TICK + SLACK_NS / NS_PER_TICK;
}
