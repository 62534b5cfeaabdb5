/* SPDX-License-Identifier: MIT */
/*
 * Connections that a new worker inherited (open-at-fork): looked for once in a forked process, when
 * the process first accepts or waits, first uses a watched connection, or ends after more than a
 * second.  A program that execs instead is no worker.
 */
#include "track/worker.h"

#include <errno.h>

#include "options/options.h"
#include "process/fdtable.h"
#include "report/finding.h"
#include "track/accessor.h"
#include "track/connection.h"
#include "track/use_parts.h"

/* *holder: the holder that was found for the socket before, NULL at first; replaced by the holder
 * of this socket. */
static void report_open_at_fork(int fd, struct socket_slot slot,
				const struct registry_process **holder)
{
	struct registry_socket *socket = &registry_mapping->sockets[slot.n];
	const struct registry_process *other;
	struct finding_cause cause = {
		.kind = KIND_OPEN_AT_FORK,
		.fd = fd,
		.slot = slot,
		.text = "this process was forked with the connection open and goes on",
		/* Of thousands, most are counted and not written. */
		.is_still = track_is_still,
	};

	/* The findings about a use say more. */
	if (accessor_has_used(socket))
		return;
	/* A log or metrics stream, as likely as not. */
	if (use_is_unknown(socket) && options.verbosity == 0)
		return;
	if (!track_class_is_watched(registry_socket_protocol(socket)))
		return;
	other = registry_other_holder_after(slot, process.shared, *holder);
	if (!other)
		return; /* handed over: no other process holds the connection */
	*holder = other;
	cause.other_serial = registry_process_serial(other);
	finding_report(&cause);
}

void track_look_for_inherited(void)
{
	const struct registry_process *holder = NULL;
	int saved_errno = errno;
	struct socket_slot slot;

	if (process_enter() && !process_is_settled() && !process_is_vfork_child()) {
		process_settle();
		for (int fd = 0; fdtable_next_held(&fd, &slot); fd++)
			if (!serial_is(registry_mapping->sockets[slot.n].opener_serial,
				       process.lineage.self.serial))
				report_open_at_fork(fd, slot, &holder);
	}
	errno = saved_errno;
}

void track_look_before_exit(void)
{
	if (!process_is_settled() && process_is_old())
		track_look_for_inherited();
}
