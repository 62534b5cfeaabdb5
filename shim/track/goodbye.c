/* SPDX-License-Identifier: MIT */
/*
 * See goodbye.h.  What is kept back is private to the process: a fork child finds all entries free.
 */
#include "track/goodbye.h"

#include "report/finding.h"
#include "base/wiped.h"
#include "track/accessor.h"

enum deferred_state {
	DEFERRED_FREE,
	DEFERRED_BUSY, /* being written or read */
	DEFERRED_FULL,
};

/* States: wiped.track.deferred. */
static struct deferred {
	uint32_t generation;
	struct track_call call;
	struct lineage_use last;
	int64_t moved;
} deferred[WIPED_DEFERRED];

/* The process that has used it since this one's memory was copied, and still holds it. */
static const struct registry_process *other_user(struct socket_slot slot, struct lineage_use last)
{
	const struct registry_process *user;

	if (serial_is(last.serial, process.lineage.self.serial) ||
	    lineage_judge(&process.lineage, last) != LINEAGE_VIOLATION)
		return NULL;
	user = registry_find_process(last.serial);
	return user && registry_process_holds(user, slot) ? user : NULL;
}

bool goodbye_judge(const struct track_call *call, struct lineage_use last, int64_t moved,
		   const char *message, bool likely)
{
	struct registry_socket *socket = call->socket;
	struct socket_slot slot = call->slot;
	const struct registry_process *holder = registry_other_holder(slot, process.shared);
	const struct registry_process *user = other_user(slot, last);
	bool again = goodbye_was_said(socket);
	bool inherited = !serial_is(socket->opener_serial, process.lineage.self.serial) &&
			 !(load_relaxed(&socket->flags) & SOCKET_HANDED_OVER);
	struct finding_cause cause = {
		.kind = KIND_FOREIGN_GOODBYE,
		.fd = call->fd,
		.slot = slot,
		.operation = call->operation,
		.bytes = moved,
		.message = message,
		.likely = likely,
	};

	store_relaxed(&socket->ended_by, process.lineage.self.serial.n);
	/* A driver shuts down what it has said goodbye on, some twice: it is one goodbye. */
	if ((again && !message) || !holder || (!inherited && !user))
		return false;
	cause.other_serial = registry_process_serial(user ? user : holder);
	cause.other_use = accessor_latest_stack(socket, cause.other_serial);
	cause.this_use = accessor_stack(socket, FORKSAN_USE_STACKS_PER_PROCESS);
	cause.text = user ? "this process ends the session, which the other process uses and still "
			    "holds open"
			  : "this process inherited the connection and ends its session, while the "
			    "other process still holds it open";
	process_note_violation();
	finding_report(&cause);
	return true;
}

bool goodbye_was_said(const struct registry_socket *socket)
{
	return load_relaxed(&socket->ended_by) == process.lineage.self.serial.n;
}

void goodbye_take_back(struct registry_socket *socket)
{
	if (goodbye_was_said(socket))
		store_relaxed(&socket->ended_by, 0);
}

bool goodbye_defer(const struct track_call *call, struct lineage_use last, int64_t moved)
{
	for (int i = 0; i < WIPED_DEFERRED; i++) {
		_Atomic uint32_t *state = &wiped.track.deferred[i];
		struct deferred *entry = &deferred[i];
		uint32_t found = load_acquire(state);

		/* An entry of a connection that is gone: nobody asks for it any more. */
		if (found == DEFERRED_BUSY ||
		    (found == DEFERRED_FULL &&
		     registry_socket_is(entry->call.slot, entry->generation)))
			continue;
		if (!compare_exchange_acq_rel(state, &found, DEFERRED_BUSY))
			continue;
		entry->generation = fdtable_generation(call->slot);
		entry->call = *call;
		entry->last = last;
		entry->moved = moved;
		store_release(state, DEFERRED_FULL);
		return true;
	}
	return false;
}

bool goodbye_recall(const struct track_call *read, struct track_call *call,
		    struct lineage_use *last, int64_t *moved)
{
	for (int i = 0; i < WIPED_DEFERRED; i++) {
		_Atomic uint32_t *state = &wiped.track.deferred[i];
		struct deferred *entry = &deferred[i];
		uint32_t full = DEFERRED_FULL;
		bool same;

		if (load_acquire(state) != DEFERRED_FULL || entry->call.socket != read->socket ||
		    !compare_exchange_acq_rel(state, &full, DEFERRED_BUSY))
			continue;
		same = entry->generation == fdtable_generation(read->slot);
		*call = entry->call;
		*last = entry->last;
		*moved = entry->moved;
		store_release(state, DEFERRED_FREE);
		if (same)
			return true;
	}
	return false;
}
