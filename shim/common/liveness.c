/* SPDX-License-Identifier: MIT */
/* See liveness.h. */
#include "common/liveness.h"

#include <signal.h>

#define NS_PER_SECOND UINT64_C(1000000000)

/* The unit of start times in /proc is 1/100 s on every supported machine: USER_HZ, time(7). */
#define NS_PER_TICK (NS_PER_SECOND / 100)

/* A child's birth is noted when its parent announces the child; the child starts up to a scheduling
 * delay later.  No pid is given to a second process within a second. */
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
		.boot_realtime_ns = process->boot_realtime_ns,
		.pid_namespace = load_relaxed(&process->pid_namespace),
	};

	if (word == PROCESS_LIVE)
		claim.pid = load_relaxed(&process->pid);
	else if (liveness_is_announced(process, word))
		claim.pid = (int32_t)(word >> 8); /* the parent's */
	if (claim.pid < 0)
		claim.pid = 0;
	/* Of an announced child the pid is the parent's, but what is seen outside is the child. */
	if (word == PROCESS_LIVE) {
		uint64_t outside = load_relaxed(&process->seen_outside);

		claim.outside_pid = (int32_t)(outside & INT32_MAX);
		claim.outside_namespace = outside >> 32;
		outside = load_relaxed(&process->first_seen_outside);
		claim.first_pid = (int32_t)(outside & INT32_MAX);
		claim.first_namespace = outside >> 32;
	}
	return claim;
}

uint64_t liveness_pack_outside(uint64_t pid_namespace, int32_t pid)
{
	if (pid_namespace == 0 || pid_namespace > UINT32_MAX || pid <= 0)
		return 0;
	return pid_namespace << 32 | (uint32_t)pid;
}

int32_t liveness_pid_in(const struct liveness_claim *claim, uint64_t own)
{
	if (liveness_same_namespace(claim->pid_namespace, own))
		return claim->pid;
	return claim->outside_namespace == own ? claim->outside_pid : 0;
}

int32_t liveness_first_pid_in(const struct liveness_claim *claim, uint64_t own)
{
	return own != 0 && claim->first_namespace == own ? claim->first_pid : 0;
}

uint64_t liveness_first_of(const struct registry_process *parent)
{
	return load_relaxed(&parent->pid) == 1 ? load_relaxed(&parent->seen_outside)
					       : load_relaxed(&parent->first_seen_outside);
}

bool liveness_same_namespace(uint64_t pid_namespace, uint64_t own)
{
	return pid_namespace == 0 || own == 0 || pid_namespace == own;
}

/* Fields of /proc/PID/stat, proc(5). */
enum field {
	FIELD_NAME = 2, /* may hold anything: the next field begins after the last `)` */
	FIELD_STATE = 3,
	FIELD_PARENT = 4,
	FIELD_FLAGS = 9,
	FIELD_START = 22,
	FIELD_PENDING = 31, /* signals, as bits from 0 on */
};

/* The start of the field; NULL: there is no such field. */
static const char *find(const char *stat, size_t len_bytes, enum field wanted)
{
	const char *end = stat + len_bytes;
	const char *at = end;
	int field = FIELD_NAME;

	while (at > stat && at[-1] != ')')
		at--;
	if (at == stat || at == end || at[0] != ' ')
		return NULL;
	for (; at < end && field < (int)wanted; at++)
		field += *at == ' ';
	return field == (int)wanted && at < end ? at : NULL;
}

static bool parse_number(const char *at, const char *end, uint64_t *value)
{
	*value = 0;
	if (!at || at == end || *at < '0' || *at > '9')
		return false;
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		*value = *value * 10 + (uint64_t)(*at - '0');
	return true;
}

int32_t liveness_stat_parent(const char *stat, size_t len_bytes)
{
	uint64_t value;

	if (!parse_number(find(stat, len_bytes, FIELD_PARENT), stat + len_bytes, &value) ||
	    value > INT32_MAX)
		return 0;
	return (int32_t)value;
}

/* Killed by a signal: PF_SIGNALED, linux/sched.h. */
#define TASK_SIGNALED 0x400

bool liveness_stat_is_killed(const char *stat, size_t len_bytes)
{
	const char *end = stat + len_bytes;
	uint64_t flags, pending;

	return parse_number(find(stat, len_bytes, FIELD_FLAGS), end, &flags) &&
	       parse_number(find(stat, len_bytes, FIELD_PENDING), end, &pending) &&
	       ((flags & TASK_SIGNALED) != 0 || (pending & 1u << (SIGKILL - 1)) != 0);
}

bool liveness_same_clock(uint64_t one_ns, uint64_t other_ns)
{
	uint64_t difference_ns = one_ns > other_ns ? one_ns - other_ns : other_ns - one_ns;

	return one_ns == 0 || other_ns == 0 || difference_ns <= NS_PER_SECOND;
}

bool liveness_stat_agrees(const struct liveness_claim *claim, uint64_t boot_realtime_ns,
			  const char *stat, size_t len_bytes)
{
	const char *state = find(stat, len_bytes, FIELD_STATE);
	uint64_t start_ticks;

	if (!parse_number(find(stat, len_bytes, FIELD_START), stat + len_bytes, &start_ticks))
		return true;
	if (*state == 'Z' || *state == 'X')
		return false;
	if (!liveness_same_clock(claim->boot_realtime_ns, boot_realtime_ns))
		return true;
	/* Divided first: the birth may be any number, and the sum must not overflow. */
	return start_ticks <= claim->born_boottime_ns / NS_PER_TICK + SLACK_NS / NS_PER_TICK;
}
