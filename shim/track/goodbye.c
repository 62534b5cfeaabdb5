/* SPDX-License-Identifier: MIT */
/*
 * See goodbye.h.  Writes that are held back are private to the process: a fork child finds all
 * entries free.
 */
#include "track/goodbye.h"

#include <errno.h>

#include "base/compiler.h"
#include "base/text.h"
#include "base/wiped.h"
#include "report/finding.h"
#include "options/options.h"
#include "track/accessor.h"
#include "track/conversation.h"
#include "track/dead.h"
#include "track/isolate.h"
#include "track/use_parts.h"
#include "track/use_report.h"

/* In a slot's ended_message: the goodbye was recognised by its size only. */
#define ENDED_LIKELY (UINT32_C(1) << 31)

enum deferred_state {
	DEFERRED_FREE,
	DEFERRED_BUSY, /* being written or read */
	DEFERRED_FULL,
};

/* States: wiped.track.deferred. */
static struct deferred {
	uint32_t generation;
	struct serial serial; /* of the process that wrote */
	struct track_call call;
	struct lineage_use last;
	int64_t moved;
} deferred[WIPED_DEFERRED];

/* False only in `forksan attach`, where one process judges for many. */
static bool is_own(const struct deferred *entry)
{
	return serial_is(entry->serial, process.lineage.self.serial);
}

/* The process that has used the connection since this process's memory was copied, and still holds
 * the connection; NULL when there is no such process. */
static const struct registry_process *other_user(const struct track_call *call,
						 struct lineage_use last)
{
	const struct registry_process *user;

	if (serial_is(last.serial, process.lineage.self.serial) ||
	    use_lineage(call->socket, last) != LINEAGE_VIOLATION)
		return NULL;
	user = registry_find_process(last.serial);
	return user && registry_process_holds(user, call->slot) ? user : NULL;
}

void goodbye_note_end(struct registry_socket *socket, struct lineage_use ender,
		      const struct evidence_facts *facts)
{
	uint32_t message = 0;

	if (facts)
		message = (uint32_t)facts->protocol << 16 | facts->code |
			  (facts->goodbye == WIRE_GOODBYE_LIKELY ? ENDED_LIKELY : 0);
	store_relaxed(&socket->ended_epoch, ender.epoch);
	store_relaxed(&socket->ended_message, message);
	accessor_note();
	store_release(&socket->ended_by, ender.serial.n);
}

/* A process that meets the end waits for the calls that are still inside: this one leaves when its
 * goodbye can be found. */
static void note_end(struct track_call *call, const struct evidence_facts *facts)
{
	goodbye_note_end(call->socket, lineage_unpack(process_mine()), facts);
	conversation_leave(call);
}

/* True for a process that did not open the connection, nor was given it. */
static bool has_inherited(const struct registry_socket *socket)
{
	return !serial_is(socket->opener_serial, process.lineage.self.serial) &&
	       !(load_relaxed(&socket->flags) & SOCKET_HANDED_OVER);
}

/* Keeps a foreign goodbye from the session.  The process is isolated as well: what the process does
 * next, such as waiting for the answer to the goodbye, must not reach the session either. */
static void hold_back(struct track_call *call, struct isolate_address *local)
{
	isolate(call, local);
	if (call->action == ACTION_ISOLATED)
		dead_forget_reset(call->fd);
	call->action = ACTION_HELD_BACK;
	registry_count(COUNT_GOODBYES_HELD);
}

noinline bool goodbye_judge(struct track_call *call, struct lineage_use last, int64_t moved,
			    const struct evidence_facts *facts)
{
	struct registry_socket *socket = call->socket;
	const struct registry_process *holder = registry_other_holder(call->slot, process.shared);
	const struct registry_process *user = other_user(call, last);
	bool again = goodbye_was_said(socket);
	struct finding_cause cause = {
		.kind = KIND_FOREIGN_GOODBYE,
		.fd = call->fd,
		.slot = call->slot,
		.operation = call->operation,
		.bytes = moved,
		.message = facts ? call->message : NULL,
		.likely = facts && facts->goodbye == WIRE_GOODBYE_LIKELY,
	};
	char sentence[USE_SENTENCE_BYTES];
	struct text text;
	struct isolate_address local;

	/* A driver shuts a connection down after the goodbye, some drivers twice: all of that is
	 * one goodbye. */
	if (again && !facts)
		return false;
	if (!holder) {
		note_end(call, facts);
		return false;
	}
	cause.this_use = accessor_stack(socket, FORKSAN_USE_STACKS_PER_PROCESS);
	if (!has_inherited(socket) && !user) {
		note_end(call, facts);
		return false;
	}
	if (moved == 0 && options_isolate())
		hold_back(call, &local);
	else
		note_end(call, facts);
	cause.other_serial = registry_process_serial(user ? user : holder);
	cause.other_use = accessor_latest_stack(socket, cause.other_serial);
	text_init(&text, sentence, sizeof sentence);
	text_put_string(&text,
			user ? "this process ends the session, which the other process uses and "
			       "still holds open"
			     : "this process inherited the connection and ends its session, while "
			       "the other process still holds it open");
	use_report_action(call, &text, &cause);
	if (call->action == ACTION_WOULD_ISOLATE)
		registry_count(COUNT_WOULD_ISOLATE);
	cause.text = sentence;
	if (call->action != ACTION_HELD_BACK)
		fetch_or_relaxed(&socket->flags, SOCKET_END_REPORTED);
	finding_report(&cause);
	isolate_end(call);
	return true;
}

/* The process that ended the session, as the judge sees its goodbye. */
static struct lineage_use ender_of(const struct registry_socket *socket)
{
	struct serial serial = {load_acquire(&socket->ended_by)};

	return (struct lineage_use){serial, load_relaxed(&socket->ended_epoch)};
}

noinline bool goodbye_met(const struct track_call *call, int64_t moved)
{
	struct registry_socket *socket = call->socket;
	struct lineage_use ender = ender_of(socket);
	uint32_t message = load_relaxed(&socket->ended_message);
	const char *name = wire_message_name((enum protocol)(message >> 16 & 0x7fff), WIRE_CLIENT,
					     (uint16_t)message);
	struct finding_cause cause = {
		.kind = KIND_FOREIGN_GOODBYE,
		.fd = call->fd,
		.slot = call->slot,
		.operation = call->operation,
		.bytes = moved,
		.message = call->message,
		.other_serial = ender.serial,
		.likely = (message & ENDED_LIKELY) != 0,
		.needed = true,
	};
	const struct registry_process *other;
	char sentence[USE_SENTENCE_BYTES];
	struct text text;

	if (ender.serial.n == 0 || (load_relaxed(&socket->flags) & SOCKET_END_REPORTED) ||
	    use_lineage(socket, ender) != LINEAGE_VIOLATION)
		return false;
	other = registry_find_process(ender.serial);
	cause.other_use = accessor_latest_stack(socket, ender.serial);
	cause.this_use = accessor_stack(socket, FORKSAN_USE_STACKS_PER_PROCESS);
	text_init(&text, sentence, sizeof sentence);
	text_put_string(&text, "this process needs the session, which process ");
	text_put_int(&text, other ? load_relaxed(&other->pid) : 0);
	text_put_string(&text, " ended (");
	text_put_string(&text, name ? name : message != 0 ? "a goodbye" : "shutdown");
	text_put_string(&text, ") after this process's memory was copied");
	if (call->action == ACTION_ABORTED)
		use_report_action(call, &text, &cause);
	cause.text = sentence;
	finding_report(&cause);
	return true;
}

bool goodbye_is_end(const struct track_call *call, bool asked, ssize_t moved, int error)
{
	if (moved < 0)
		return error == ECONNRESET || (call->way == TRACK_WRITE && error == EPIPE);
	return call->way == TRACK_READ && moved == 0 && asked;
}

bool goodbye_was_said(const struct registry_socket *socket)
{
	return load_relaxed(&socket->ended_by) == process.lineage.self.serial.n;
}

void goodbye_take_back(struct registry_socket *socket)
{
	if (!goodbye_was_said(socket))
		return;
	store_relaxed(&socket->ended_by, 0);
	fetch_and_relaxed(&socket->flags, ~(uint32_t)SOCKET_END_REPORTED);
}

bool goodbye_defer(const struct track_call *call, struct lineage_use last, int64_t moved)
{
	for (int i = 0; i < WIPED_DEFERRED; i++) {
		_Atomic uint32_t *state = &wiped.track.deferred[i];
		struct deferred *entry = &deferred[i];
		uint32_t found = load_acquire(state);

		/* A full entry whose connection is gone can be reused: nobody asks for the write
		 * any more. */
		if (found == DEFERRED_BUSY ||
		    (found == DEFERRED_FULL &&
		     registry_socket_is(entry->call.slot, entry->generation)))
			continue;
		if (!compare_exchange_acq_rel(state, &found, DEFERRED_BUSY))
			continue;
		entry->generation = fdtable_generation(call->slot);
		entry->serial = process.lineage.self.serial;
		entry->call = *call;
		entry->last = last;
		entry->moved = moved;
		store_release(state, DEFERRED_FULL);
		registry_count(COUNT_GOODBYES_PRESUMED);
		return true;
	}
	return false;
}

bool goodbye_is_deferred(const struct registry_socket *socket)
{
	for (int i = 0; i < WIPED_DEFERRED; i++)
		if (load_acquire(&wiped.track.deferred[i]) == DEFERRED_FULL &&
		    deferred[i].call.socket == socket && is_own(&deferred[i]) &&
		    deferred[i].generation == fdtable_generation(deferred[i].call.slot))
			return true;
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
		    !is_own(entry) || !compare_exchange_acq_rel(state, &full, DEFERRED_BUSY))
			continue;
		same = entry->generation == fdtable_generation(read->slot);
		*call = entry->call;
		*last = entry->last;
		*moved = entry->moved;
		store_release(state, DEFERRED_FREE);
		if (!same)
			continue;
		registry_uncount(COUNT_GOODBYES_PRESUMED);
		return true;
	}
	return false;
}

bool goodbye_judge_deferred(const struct track_call *read)
{
	bool found = false;
	struct track_call call;
	struct lineage_use last;
	int64_t moved;

	while (goodbye_recall(read, &call, &last, &moved)) {
		call.action = read->action;
		call.local = read->local;
		call.was_deferred = true;
		use_report_violation(&call, last, moved);
		found = true;
	}
	return found;
}
