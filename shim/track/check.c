/* SPDX-License-Identifier: MIT */
/*
 * See check.h.
 */
#include "track/check.h"

#include <errno.h>

#include "base/sys.h"
#include "process/fdtable.h"
#include "process/process.h"
#include "report/report.h"
#include "track/connection.h"
#include "track/use_parts.h"

/* Connections that the record names. */
#define NAMED 8

/* A log or metrics stream, as likely as not, is not counted: the protocol is unknown. */
static bool counts(int fd, struct socket_slot slot)
{
	const struct registry_socket *socket = &registry_mapping->sockets[slot.n];

	return !use_is_unknown(socket) &&
	       track_class_is_watched(registry_socket_protocol(socket)) && track_is_still(fd, slot);
}

int track_check(void)
{
	int saved_errno = errno;
	struct socket_slot named[NAMED];
	struct socket_slot slot;
	uint64_t signals;
	unsigned open = 0;

	if (!process_enter_own())
		goto out;
	for (int fd = 0; fdtable_next_held(&fd, &slot); fd++)
		if (counts(fd, slot)) {
			if (open < NAMED)
				named[open] = slot;
			open++;
		}
	if (open == 0)
		goto out;
	sys_block_signals(&signals);
	report_check(registry_get(), named, open < NAMED ? open : NAMED, open);
	sys_restore_signals(signals);
out:
	errno = saved_errno;
	return (int)open;
}
