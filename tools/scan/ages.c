/* SPDX-License-Identifier: MIT */
/*
 * How old a connection can be.  The kernel keeps no time of its making (struct tcp_info has none,
 * and the times of /proc/PID/fd are those of the look), so there are bounds alone:
 *
 *   at least  the age of a holder whose parent holds it, too: such a process has it from the
 *             parent.  (A descriptor handed over to a child with SCM_RIGHTS is the exception.)
 *             Also the time since the latest byte of a direction: of none, since the opening.
 *   at most   the age of the one holder whose parent does not hold it, if that process opened it.
 *             (A parent that has opened and closed it is the exception.)
 */
#include "scan/snapshot.h"

#include <time.h>
#include <unistd.h>

static uint64_t age_of(const struct scan_process *process)
{
	struct timespec now;
	uint64_t started_s = process->started_ticks / (uint64_t)sysconf(_SC_CLK_TCK);

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec > started_s ? (uint64_t)now.tv_sec - started_s : 0;
}

static void set_least(struct scan_socket *socket, uint64_t age_s)
{
	if (age_s > socket->least_age_s)
		socket->least_age_s = age_s;
}

static void estimate(struct scan_socket *socket)
{
	size_t heads = 0;

	for (size_t i = 0; i < socket->holder_count; i++) {
		const struct scan_process *process = socket->holders[i].process;

		if (scan_is_held_by(socket, process->parent_pid)) {
			set_least(socket, age_of(process));
			continue;
		}
		heads++;
		socket->opener = process;
	}
	if (socket->has_traffic) {
		set_least(socket, socket->sent_idle_ms / 1000);
		set_least(socket, socket->received_idle_ms / 1000);
	}
	if (heads == 1)
		socket->most_age_s = age_of(socket->opener);
	/* The opener had it from somebody else. */
	if (socket->most_age_s < socket->least_age_s)
		socket->most_age_s = 0;
}

void ages_estimate(struct snapshot *snapshot)
{
	struct scan_socket *socket;

	for (socket = snapshot->sockets; socket != NULL; socket = socket->hh.next)
		estimate(socket);
}
