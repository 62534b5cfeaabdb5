/* SPDX-License-Identifier: MIT */
/*
 * See snapshot.h.
 */
#include "scan/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

int snapshot_take(struct snapshot *snapshot, const struct scan_scope *scope, bool by_proc,
		  enum scan_stacks stacks)
{
	int result;

	memset(snapshot, 0, sizeof *snapshot);
	result = proc_read(snapshot, scope, by_proc);
	if (result != 0)
		return result;
	proc_read_holders(snapshot);
	sockets_ask(snapshot);
	ages_estimate(snapshot);
	proc_read_flags(snapshot);
	waits_find(snapshot);
	if (stacks != SCAN_NO_STACKS)
		holder_stacks_take(snapshot, stacks == SCAN_STACKS_STOPPED);
	return 0;
}

void snapshot_free(struct snapshot *snapshot)
{
	struct scan_process *process = snapshot->processes, *next_process;
	struct scan_socket *socket = snapshot->sockets, *next_socket;

	HASH_CLEAR(hh, snapshot->sockets);
	HASH_CLEAR(hh, snapshot->processes);
	for (; socket != NULL; socket = next_socket) {
		next_socket = socket->hh.next;
		for (size_t i = 0; i < socket->holder_count; i++) {
			json_decref(socket->holders[i].stack);
			free(socket->holders[i].waits_as);
		}
		free(socket->holders);
		free(socket);
	}
	for (; process != NULL; process = next_process) {
		next_process = process->hh.next;
		free(process);
	}
}
