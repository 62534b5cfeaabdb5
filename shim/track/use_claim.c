/* SPDX-License-Identifier: MIT */
/*
 * See use_claim.h.
 */
#include "track/use_claim.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/sys.h"
#include "track/connection.h"
#include "track/conversation.h"
#include "track/goodbye.h"
#include "track/use_parts.h"
#include "track/use_report.h"
#include "track/use_unknown.h"

void use_give_back(struct track_call *call)
{
	uint64_t word = process_mine() | LINEAGE_ATTENTION;

	if (call->claimed_way)
		use_unknown_unclaim(call);
	if (!call->claimed)
		return;
	call->claimed = false;
	compare_exchange_acq_rel(&call->socket->last, &word, call->claimed_over);
}

/* Waits as the real read would, with MSG_PEEK, which moves nothing: a read that would break the
 * rule is stopped only when there is something to take.  1: bytes are there; 0: the end of the
 * stream; else -errno. */
static int wait_for_bytes(int fd, int flags)
{
	char byte;

	return (int)sys_call(SYS_recvfrom, fd, (long)(uintptr_t)&byte, 1, flags | MSG_PEEK, 0, 0);
}

/* True when the call is a goodbye, which is no use and claims nothing.  A foreign goodbye ends the
 * process here. */
static bool is_goodbye(struct track_call *call, const struct iovec *iov, int count)
{
	struct registry_socket *socket = call->socket;
	struct evidence_facts facts;

	if (call->way != TRACK_WRITE || !call->inside)
		return false;
	conversation_foresee(call, iov, count, &facts);
	use_name_message(call, &facts);
	if (facts.goodbye == WIRE_NO_GOODBYE)
		return false;
	if (goodbye_judge(call, lineage_unpack(load_relaxed(&socket->last)), 0, &facts))
		use_stop(call);
	return true;
}

/* Stops a use over `last` that breaks the rule.  The process leaves the call before the report is
 * written: the bytes of the call will never move, and other processes must not take the call for
 * one that is under way. */
_Noreturn static void stop_violation(struct track_call *call, struct lineage_use last)
{
	conversation_leave(call);
	use_publish(call, last);
	use_report_violation(call, last, 0);
	use_stop(call);
}

/* Refuses a use that breaks the rule.  Returns only for a read that finds nothing to take: the
 * errno of the read, or 0 at the end of the stream. */
static int refuse(struct track_call *call, struct lineage_use last, int flags)
{
	int got = 1;

	if (call->way == TRACK_READ) {
		conversation_leave(call);
		got = wait_for_bytes(call->fd, flags);
	}
	if (got > 0)
		stop_violation(call, last);
	return -got;
}

/* Refuses a read by a process whose write was held back as a possible goodbye: the session goes on,
 * so the write was a use in breach of the rule.  The write could not be stopped before its bytes
 * moved; the process is stopped before the answer is taken.  Returns only the errno of a read that
 * fails. */
static int refuse_answer(struct track_call *call, int flags)
{
	int got;

	conversation_leave(call);
	got = wait_for_bytes(call->fd, flags);
	if (got < 0)
		return -got;
	goodbye_judge_deferred(call);
	use_stop(call);
}

int use_claim(struct track_call *call, int flags, const struct iovec *iov, int count)
{
	struct registry_socket *socket = call->socket;
	struct lineage_use broken;

	if (use_is_unknown(socket))
		return use_unknown_claim(call, &broken) ? refuse(call, broken, flags) : 0;
	if (is_goodbye(call, iov, count) || (call->way == TRACK_READ && goodbye_was_said(socket)))
		return 0;
	if (call->way == TRACK_WRITE && !use_may_be_goodbye(call) && goodbye_met(call, 0))
		use_stop(call);
	if (call->way == TRACK_READ && goodbye_is_deferred(socket))
		return refuse_answer(call, flags);
	/* Only a sound use is exchanged into the lineage word, by one step with the judging: a
	 * claim that was taken back would make the others' uses look broken meanwhile. */
	for (;;) {
		uint64_t word = load_relaxed(&socket->last);
		struct lineage_use last = lineage_unpack(word);

		if ((word & ~LINEAGE_ATTENTION) == process_mine())
			return 0;
		if (lineage_judge(&process.lineage, last) == LINEAGE_VIOLATION &&
		    track_class_is_watched(registry_socket_protocol(socket)) &&
		    !use_may_be_goodbye(call))
			return refuse(call, last, flags);
		use_publish(call, last);
		if (compare_exchange_acq_rel(&socket->last, &word,
					     process_mine() | LINEAGE_ATTENTION)) {
			call->claimed_over = word;
			call->claimed = true;
			return 0;
		}
	}
}
