/* SPDX-License-Identifier: MIT */
/*
 * See snapshot.h.
 */
#include "scan/snapshot.h"

#include <stdlib.h>
#include <string.h>

int snapshot_take(struct snapshot *snapshot, const struct scan_scope *scope)
{
	int result;

	memset(snapshot, 0, sizeof *snapshot);
	result = proc_read(snapshot, scope);
	if (result != 0)
		return result;
	sockets_ask(snapshot);
	proc_read_flags(snapshot);
	waits_find(snapshot);
	return 0;
}

void snapshot_free(struct snapshot *snapshot)
{
	struct scan_process *process, *next_process;
	struct scan_socket *socket, *next_socket;

	HASH_ITER (hh, snapshot->sockets, socket, next_socket) {
		HASH_DEL(snapshot->sockets, socket);
		free(socket->holders);
		free(socket);
	}
	HASH_ITER (hh, snapshot->processes, process, next_process) {
		HASH_DEL(snapshot->processes, process);
		free(process);
	}
}
