/* SPDX-License-Identifier: MIT */
/*
 * See memo.h.
 *
 * A call marks that it is inside in the evidence (evidence_enter()) before it looks whether there
 * still is a memo, and the process that replays the memo withdraws the memo before it looks who is
 * inside: one of the two sees the other.
 */
#include "track/memo.h"

#include <errno.h>
#include <time.h>

#include "base/side_stack.h"
#include "base/sys.h"
#include "judge/memo.h"
#include "options/options.h"
#include "registry/history.h"
#include "track/accessor.h"
#include "track/connection.h"
#include "track/conversation.h"
#include "track/goodbye.h"
#include "track/open_calls.h"
#include "track/thread_end.h"
#include "track/use_parts.h"

/* Calls between two looks at who else holds the connection. */
#define CALLS_PER_LOOK 512

/* Tries for the claim on the memo; each takes some microseconds. */
#define CLAIM_TRIES 100

static enum wire_direction direction_of(const struct track_call *call)
{
	return call->way == TRACK_WRITE ? WIRE_CLIENT : WIRE_SERVER;
}

static bool has_memo(const struct registry_socket *socket)
{
	return (load_acquire(&socket->flags) & SOCKET_MEMO) != 0;
}

bool memo_is_own(const struct registry_socket *socket)
{
	return serial_is(conversation_evidence(socket)->memo.owner.serial,
			 process.lineage.self.serial);
}

bool memo_start(const struct track_call *call)
{
	struct registry_socket *socket = call->socket;
	struct evidence *evidence = conversation_evidence(socket);
	uint32_t holder;

	/* With payload=1 the bytes of each call are wanted. */
	if (options.payload || !serial_is(socket->opener_serial, process.lineage.self.serial) ||
	    (load_relaxed(&socket->flags) & (SOCKET_HANDED_OVER | SOCKET_UNIDENTIFIED)) != 0 ||
	    !evidence_claim(evidence, process.lineage.self.serial, &holder))
		return false;
	evidence_memo_start(evidence, (enum protocol)load_relaxed(&socket->protocol),
			    process.lineage.self);
	fetch_or_relaxed(&socket->flags, SOCKET_MEMO);
	evidence_release(evidence);
	return true;
}

/* --- the calls ------------------------------------------------------------------------------- */

/* The mark in evidence.inside of the call that this thread is inside of (NULL: none), and the
 * call's frame, for a thread that leaves the call by a jump. */
static __thread uint32_t own_mark;  /* offset in the registry; 0: none */
static __thread uint32_t own_frame; /* lower half of the address */

static void set_mark(const _Atomic uint32_t *mark, const struct track_call *frame)
{
	own_mark = (uint32_t)((uintptr_t)mark - (uintptr_t)registry_mapping);
	own_frame = (uint32_t)(uintptr_t)frame;
}

void memo_jump(void)
{
	uint32_t self = process.lineage.self.serial.n;

	/* In a fork child the mark is the parent's, and stays. */
	if (own_mark != 0)
		compare_exchange_acq_rel((_Atomic uint32_t *)((char *)registry_mapping + own_mark),
					 &self, 0);
	own_mark = 0;
}

bool memo_begin(struct track_call *call)
{
	struct registry_socket *socket = call->socket;
	struct evidence *evidence = conversation_evidence(socket);
	enum wire_direction direction = direction_of(call);

	/* A call that this thread left by a jump lies below; else a signal handler runs inside of
	 * that call. */
	if (unlikely(own_mark != 0)) {
		if ((int32_t)(own_frame - (uint32_t)(uintptr_t)call) > 0)
			return false;
		memo_jump();
	}
	if (unlikely(track_difference(socket) != LINEAGE_ATTENTION ||
		     load_relaxed(&socket->unpolled_by) != 0))
		return false;
	thread_end_note();
	call->ticket = evidence_enter(evidence, process.lineage.self.serial, direction);
	if (unlikely(!has_memo(socket) || call->ticket.slot >= EVIDENCE_INSIDE)) {
		evidence_leave(evidence, call->ticket, process.lineage.self.serial);
		return false;
	}
	set_mark(&evidence->inside[direction][call->ticket.slot], call);
	call->noted = true;
	return true;
}

bool memo_note(const struct track_call *call, const struct iovec *iov, int count, size_t moved)
{
	struct evidence *evidence = conversation_evidence(call->socket);
	const struct evidence_operation operation = {
		.direction = direction_of(call),
		.time_ns = sys_clock_ns(CLOCK_MONOTONIC),
		.chunks = iov,
		.chunk_count = (size_t)count,
		.len_bytes = moved,
	};
	uint32_t holder;
	bool noted;

	if (!evidence_claim(evidence, process.lineage.self.serial, &holder))
		return false;
	noted = has_memo(call->socket);
	if (noted)
		evidence_memo_note(evidence, lineage_unpack(process_mine()), &operation,
				   process_tid(), (uint16_t)call->operation);
	evidence_release(evidence);
	return noted;
}

static noinline void look_who_holds(const struct track_call *call)
{
	if (registry_other_holder(call->slot, process.shared))
		return;
	fetch_and_relaxed(&call->socket->flags, ~(uint32_t)SOCKET_MEMO);
	use_calm(call->socket);
}

bool memo_end(struct track_call *call, const struct iovec *iov, int count, ssize_t moved)
{
	const struct registry_socket *socket = call->socket;
	const struct evidence_memo *memo = &conversation_evidence(socket)->memo;
	bool noted = moved <= 0;

	if (likely(has_memo(socket) && track_difference(socket) == LINEAGE_ATTENTION)) {
		/* A number that was closed unseen and reused must not put another connection's
		 * bytes here; asked once in each exchange. */
		if (moved > 0 && call->way == TRACK_WRITE && memo->total_bytes[WIRE_SERVER] > 0 &&
		    !track_is_still(call->fd, call->slot))
			noted = true;
		if (!noted && memo_note(call, iov, count, (size_t)moved)) {
			noted = true;
			registry_count(COUNT_USES_SOUND);
			if (unlikely(memo->calls % CALLS_PER_LOOK == 0))
				look_who_holds(call);
		}
		if (likely(noted)) {
			if (likely(!call->more))
				memo_jump();
			return true;
		}
	}
	own_mark = 0;
	call->inside = true;
	call->open = OPEN_CALLS_NO_ROOM;
	return false;
}

/* --- replaying ------------------------------------------------------------------------------- */

struct replay {
	const struct track_call *call;
	struct evidence_memo memo;
	struct evidence_facts facts;
	bool done;
};

/* Takes the claim; breaks that of a process that was killed.  False: somebody has had the claim all
 * the time. */
static bool claim(struct evidence *evidence)
{
	struct serial self = process.lineage.self.serial;
	uint32_t holder;

	for (int i = 0; i < CLAIM_TRIES; i++) {
		const struct registry_process *claimer;

		if (evidence_claim(evidence, self, &holder))
			return true;
		claimer = registry_find_process((struct serial){holder});
		if (!claimer || !registry_process_alive(claimer))
			evidence_forget(evidence, (struct serial){holder});
		sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	}
	return false;
}

static void replay(void *argument)
{
	struct replay *r = argument;
	struct registry_socket *socket = r->call->socket;
	struct evidence *evidence = conversation_evidence(socket);
	enum protocol protocol = (enum protocol)load_relaxed(&socket->protocol);
	bool claimed = claim(evidence);

	if (has_memo(socket)) {
		if (claimed) {
			evidence_memo_replay(evidence, protocol, track_is_drained(r->call->fd),
					     &r->memo, &r->facts);
		} else {
			evidence_resume(evidence, protocol);
			fetch_add_relaxed(&evidence->missed, 1);
		}
		fetch_or_relaxed(&socket->flags, SOCKET_EVIDENCE);
		fetch_and_acq_rel(&socket->flags, ~(uint32_t)SOCKET_MEMO);
		r->done = claimed;
	}
	if (claimed)
		evidence_release(evidence);
}

static void add_to_history(const struct replay *r, enum wire_direction direction)
{
	const struct evidence_memo *memo = &r->memo;

	if (memo->total_bytes[direction] == 0)
		return;
	history_add(r->call->slot,
		    &(struct history_act){
			    .by = memo->owner.serial,
			    .tid = memo->tid[direction],
			    .operation = memo->call[direction] < OPERATION_COUNT
						 ? (enum operation)memo->call[direction]
						 : OPERATION_send,
			    .writes = direction == WIRE_CLIENT,
			    .message = direction == WIRE_CLIENT ? r->facts.code : 0,
			    .protocol = r->facts.protocol,
			    .time_ns = memo->time_ns[direction],
		    },
		    NULL, 0, memo->latest_bytes[direction]);
}

void memo_replay(const struct track_call *call)
{
	struct replay r = {.call = call};

	/* Not in a handler's way, nor on its small stack. */
	side_stack_run(replay, &r);
	if (!r.done)
		return;
	history_start(call->slot);
	add_to_history(&r, WIRE_CLIENT);
	add_to_history(&r, WIRE_SERVER);
	if (r.facts.goodbye != WIRE_NO_GOODBYE)
		goodbye_note_end(call->socket, r.memo.owner, &r.facts);
}

void track_settle(int fd, struct socket_ref ref)
{
	struct registry_socket *socket = track_socket(ref);
	const struct track_call call = {.fd = fd, .slot = socket_ref_slot(ref), .socket = socket};
	int saved_errno = errno;

	if (has_memo(socket) && process_enter_own() && memo_is_own(socket) &&
	    track_is_still(fd, call.slot)) {
		memo_replay(&call);
		if (goodbye_was_said(socket))
			accessor_stack(socket, FORKSAN_USE_STACKS_PER_PROCESS);
	}
	errno = saved_errno;
}
