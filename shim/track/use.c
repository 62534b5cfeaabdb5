/* SPDX-License-Identifier: MIT */
/*
 * See use.h.
 */
#include "track/use.h"

#include "options/options.h"
#include "track/conversation.h"
#include "track/epoll.h"
#include "track/goodbye.h"
#include "track/identify.h"
#include "track/isolate.h"
#include "track/memo.h"
#include "track/use_parts.h"
#include "track/use_report.h"
#include "track/use_unknown.h"

/* --- the steps ----------------------------------------------------------------------------- */

/* Notes a call in the memo of this process (memo.h).  The first write after a fork is looked at: if
 * it is a goodbye, it is no use. */
static void note_in_memo(const struct track_call *call, const struct iovec *iov, int count,
			 size_t moved, struct evidence_facts *facts)
{
	uint64_t last = load_relaxed(&call->socket->last) & ~LINEAGE_ATTENTION;
	struct evidence_facts seen = {0};

	if (call->way == TRACK_WRITE && last != process_mine())
		conversation_foresee(call, iov, count, &seen);
	facts->goodbye = seen.goodbye;
	facts->protocol = seen.protocol;
	facts->code = seen.code;
	if (!memo_note(call, iov, count, moved))
		memo_replay(call);
}

static void parse_messages(struct track_call *call, const struct iovec *iov, int count,
			   size_t moved, struct evidence_facts *facts)
{
	const struct registry_socket *socket = call->socket;

	if ((load_relaxed(&socket->flags) & SOCKET_MEMO) != 0)
		note_in_memo(call, iov, count, moved, facts);
	if (load_relaxed(&socket->protocol) != PROTOCOL_UNKNOWN &&
	    (load_relaxed(&socket->flags) & TRACK_WANTS_BYTES) != 0)
		conversation_record(call, iov, count, moved, facts);
	use_name_message(call, facts);
}

/* True when the call was a goodbye, which is judged here, or took the answer to this process's own
 * goodbye: neither is a use.  A call that was claimed as a use stays one. */
static bool judged_as_goodbye(struct track_call *call, const struct evidence_facts *facts,
			      size_t moved)
{
	struct registry_socket *socket = call->socket;

	if (call->claimed)
		return false;
	if (facts->goodbye != WIRE_NO_GOODBYE) {
		if (goodbye_judge(call, lineage_unpack(load_relaxed(&socket->last)), (int64_t)moved,
				  facts) &&
		    call->action == ACTION_ABORTED)
			use_stop(call);
		return true;
	}
	return call->way == TRACK_READ && goodbye_was_said(socket);
}

/* Judges a use after this process's own use in the same epoch: nothing can have changed in between,
 * but that the other holders have gone.  The registry is asked for other holders now and then only,
 * since the answer costs system calls. */
static void judge_own(const struct track_call *call)
{
	struct registry_socket *socket = call->socket;
	uint32_t flags = load_relaxed(&socket->flags);

	if (!(flags & SOCKET_INHERITED)) {
		if (!(flags & SOCKET_UNIDENTIFIED))
			use_calm(socket);
		return;
	}
	registry_count(COUNT_USES_SOUND);
	if ((flags & SOCKET_EVIDENCE) && conversation_is_due(socket) &&
	    !registry_other_holder(call->slot, process.shared)) {
		conversation_unwatch(socket);
		use_calm(socket);
	}
}

static void judge_sound(const struct track_call *call)
{
	if (registry_other_holder(call->slot, process.shared)) {
		registry_mark_inherited(call->socket);
		registry_count(COUNT_USES_SOUND);
	} else {
		use_calm(call->socket);
	}
}

static void judge_heir(const struct track_call *call, struct lineage_use last, size_t moved)
{
	const struct registry_process *holder = registry_other_holder(call->slot, process.shared);

	if (holder) {
		registry_mark_inherited(call->socket);
		use_report_hazard(call, last, holder, (int64_t)moved);
	} else {
		use_calm(call->socket);
	}
}

static void judge_violation(struct track_call *call, struct lineage_use last, size_t moved)
{
	registry_mark_inherited(call->socket);
	if (use_may_be_goodbye(call) && goodbye_defer(call, last, (int64_t)moved))
		return;
	isolate_late(call, last, (int64_t)moved);
}

/* Judges this use over `last`, which it replaced in the lineage word. */
static void judge_lineage(struct track_call *call, struct lineage_use last, size_t moved)
{
	if (lineage_pack(last) == process_mine()) {
		judge_own(call);
		return;
	}
	switch (use_lineage(call->socket, last)) {
	case LINEAGE_FIRST:
	case LINEAGE_OWN:
		judge_sound(call);
		break;
	case LINEAGE_INHERITED:
	case LINEAGE_UNKNOWN: /* the connection is inherited in either case */
		judge_heir(call, last, moved);
		break;
	case LINEAGE_VIOLATION:
		judge_violation(call, last, moved);
		break;
	}
}

static void judge_crossing(const struct track_call *call, const struct evidence_facts *facts,
			   struct lineage_use last, size_t moved)
{
	if (facts->replies_crossed > 0)
		registry_count_many(COUNT_REPLIES_CROSSED, facts->replies_crossed);
	if (facts->crossing != EVIDENCE_NOT_CROSSED && !use_may_be_goodbye(call))
		use_report_crossing(call, facts, last, (int64_t)moved);
}

static void judge_polling(struct track_call *call, size_t moved)
{
	if (epoll_met(call, (int64_t)moved) && options.mode == MODE_STRICT)
		use_stop(call);
}

/* A read of which strict mode did not know before (use_claim.c) that it takes an answer. */
static void judge_deferred(struct track_call *call)
{
	if (goodbye_judge_deferred(call) && call->action == ACTION_ABORTED)
		use_stop(call);
}

void use_judge_end(struct track_call *call, const struct iovec *iov, int count)
{
	struct evidence_facts facts = {0};

	if (call->way == TRACK_READ && goodbye_was_said(call->socket))
		return;
	/* A process whose own goodbye comes too late has no need of the session. */
	if (call->way == TRACK_WRITE && call->inside && iov)
		conversation_foresee(call, iov, count, &facts);
	if (facts.goodbye != WIRE_NO_GOODBYE || use_may_be_goodbye(call))
		return;
	use_name_message(call, &facts);
	/* An heir may meet the end while the opener is still on its way out of its goodbye. */
	if (load_relaxed(&call->socket->ended_by) == 0 &&
	    !serial_is(call->socket->opener_serial, process.lineage.self.serial))
		conversation_await_writers(call);
	if (goodbye_met(call, 0) && options.mode == MODE_STRICT)
		use_stop(call);
	if (call->way == TRACK_READ)
		judge_deferred(call);
}

void use_judge(struct track_call *call, const struct iovec *iov, int count, size_t moved)
{
	struct evidence_facts facts = {0};
	struct lineage_use last;

	if (!identify_protocol(call, iov, count, moved))
		return;
	if (use_is_unknown(call->socket)) {
		judge_polling(call, moved);
		use_unknown_judge(call, iov, count, moved);
		return;
	}
	parse_messages(call, iov, count, moved, &facts);
	judge_polling(call, moved);
	if (judged_as_goodbye(call, &facts, moved))
		return;
	if (call->way == TRACK_WRITE)
		goodbye_take_back(call->socket);
	/* A write that may be this process's own goodbye is no need of the session. */
	if (!use_may_be_goodbye(call) && goodbye_met(call, (int64_t)moved) &&
	    options.mode == MODE_STRICT)
		use_stop(call);
	last = use_take_lineage(call);
	judge_lineage(call, last, moved);
	if (call->way == TRACK_READ)
		judge_deferred(call);
	judge_crossing(call, &facts, last, moved);
}
