/* SPDX-License-Identifier: MIT */
/*
 * What a new worker inherited (open-at-fork): looked at once in a forked process, when it first
 * accepts or waits, first uses a watched connection, or ends after more than a second.  A program
 * that execs instead is no worker.
 */
#include "track/worker.h"

#include <errno.h>

#include "options/options.h"
#include "process/fdtable.h"
#include "report/finding.h"
#include "track/accessor.h"
#include "track/connection.h"
#include "track/use_unknown.h"

static void report_open_at_fork(struct socket_slot slot)
{
	struct registry_socket *socket = &registry_mapping->sockets[slot.n];
	const struct registry_process *holder;
	struct finding_cause cause = {
		.kind = KIND_OPEN_AT_FORK,
		.fd = fdtable_find(slot),
		.slot = slot,
		.text = "this process was forked with the connection open and goes on; nothing is "
			"wrong until it uses it",
	};

	/* Its own use says more. */
	if (accessor_has_used(socket, process.lineage.self.serial))
		return;
	/* A log or metrics stream, as likely as not. */
	if (use_is_unknown(socket) && options.verbosity == 0)
		return;
	if (cause.fd < 0 || !track_class_is_watched(registry_socket_protocol(socket)) ||
	    !track_is_still(cause.fd, slot))
		return;
	holder = registry_other_holder(slot, process.shared);
	if (!holder)
		return; /* handed over: nobody else has it */
	cause.other_serial = registry_process_serial(holder);
	finding_report(&cause);
}

void track_look_for_inherited(void)
{
	int saved_errno = errno;

	if (process_enter() && !process_is_settled() && !process_is_vfork_child()) {
		process_settle();
		for (struct socket_slot slot = {0}; fdtable_next_held(&slot); slot.n++)
			if (!serial_is(registry_mapping->sockets[slot.n].opener_serial,
				       process.lineage.self.serial))
				report_open_at_fork(slot);
	}
	errno = saved_errno;
}

void track_look_before_exit(void)
{
	if (!process_is_settled() && process_is_old())
		track_look_for_inherited();
}
