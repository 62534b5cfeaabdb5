/* SPDX-License-Identifier: MIT */
/*
 * The stacks of holders, several read at once: a thread that waits now may soon do something else.
 */
#include "scan/snapshot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scan/verdict.h"
#include "stacks/stacks.h"

#define READERS 16
#define MAX_STACKS 512 /* more than anybody reads; a second each in the worst case */

struct batch {
	struct scan_holder *holders[READERS];
	struct stacks_reader readers[READERS];
	size_t count;
};

static void finish(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct scan_holder *holder = batch->holders[i];
		char *call;

		holder->stack = stacks_end(&batch->readers[i], &call, holder->no_stack,
					   sizeof holder->no_stack);
		holder->stack_is_later = holder->waits_as != NULL && call != NULL &&
					 strcmp(holder->waits_as, call) != 0;
		free(call);
	}
	batch->count = 0;
}

void holder_stacks_take(struct snapshot *snapshot, bool stop)
{
	struct batch batch = {.count = 0};
	struct scan_socket *socket;
	size_t taken = 0;

	for (socket = snapshot->sockets; socket != NULL; socket = socket->hh.next) {
		for (size_t i = 0; verdict_concerns(socket) && i < socket->holder_count; i++) {
			struct scan_holder *holder = &socket->holders[i];
			pid_t pid = holder->process->pid;

			if (taken++ >= MAX_STACKS) {
				snprintf(holder->no_stack, sizeof holder->no_stack,
					 "%d were read before it", MAX_STACKS);
				continue;
			}
			batch.holders[batch.count] = holder;
			stacks_begin(&batch.readers[batch.count++], pid,
				     holder->waits_tid != 0 ? holder->waits_tid : pid, stop);
			if (batch.count == READERS)
				finish(&batch);
		}
	}
	finish(&batch);
}
