/* SPDX-License-Identifier: MIT */
/*
 * See use_claim.h.
 */
#include "track/use_claim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/sys.h"
#include "options/options.h"
#include "track/connection.h"
#include "track/conversation.h"
#include "track/dead.h"
#include "track/goodbye.h"
#include "track/isolate.h"
#include "track/pending.h"
#include "track/use_parts.h"
#include "track/use_refused.h"
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

/* --- what is there to take ------------------------------------------------------------------- */

/* Looks, with MSG_PEEK, which moves nothing, whether the read would take bytes; waits for them as
 * the read would unless `flags` has MSG_DONTWAIT.  1: bytes are there; 0: the end of the stream;
 * else -errno. */
static int look_for_bytes(int fd, int flags)
{
	char byte;

	return (int)sys_call(SYS_recvfrom, fd, (long)(uintptr_t)&byte, 1, flags | MSG_PEEK, 0, 0);
}

/* Has the wrapper return `instead`, with errno `error`, in place of the real call.  Returns
 * false. */
static bool answer(struct track_call *call, ssize_t instead, int error)
{
	call->instead = instead;
	call->error = error;
	return false;
}

/* --- strict mode ----------------------------------------------------------------------------- */

/* Ends the process before a use over `last` that breaks the rule. */
_Noreturn static void stop_violation(struct track_call *call, struct lineage_use last)
{
	use_refused(call, last, NULL, 0);
	use_stop(call);
}

/* A read that would break the rule is stopped only when there is something to take. */
static bool stop(struct track_call *call, struct lineage_use last, int flags)
{
	int got = 1;

	if (call->way == TRACK_READ)
		got = look_for_bytes(call->fd, flags);
	if (got > 0)
		stop_violation(call, last);
	return got == 0 ? true : answer(call, -1, -got);
}

/* --- isolate mode ---------------------------------------------------------------------------- */

/* True for calls whose result is all that a caller gets at the end of the stream. */
static bool returns_count_only(enum operation operation)
{
	return operation == OPERATION_read || operation == OPERATION_readv ||
	       operation == OPERATION_recv || operation == OPERATION_preadv2 ||
	       operation == OPERATION___read_chk || operation == OPERATION___recv_chk;
}

/* The call has been isolated: a write meets the dead descriptor, a read the end of the stream.  The
 * pending ECONNRESET is kept where possible: the next write fails with ECONNRESET then, and not by
 * SIGPIPE. */
static bool meet_the_end(struct track_call *call)
{
	if (call->way == TRACK_WRITE)
		return true;
	if (returns_count_only(call->operation))
		return answer(call, 0, 0);
	dead_forget_reset(call->fd);
	return true;
}

/* True when a read would wait for bytes that are not there yet. */
static bool waits(const struct track_call *call, int flags)
{
	return (flags & MSG_DONTWAIT) == 0 && (track_file_flags(call->fd) & O_NONBLOCK) == 0;
}

/* False for a read that does not wait, and finds nothing: such a read is no use, and must claim
 * nothing, or another process's use would look broken for as long.  `*goes_on` is the caller's
 * result then. */
static bool may_move_bytes(struct track_call *call, int flags, bool *goes_on)
{
	int got = look_for_bytes(call->fd, flags | MSG_DONTWAIT);

	if (got > 0 || (got == -EAGAIN && waits(call, flags)))
		return true;
	*goes_on = got == 0 || answer(call, -1, -got);
	return false;
}

/* Isolates this process instead of a use over `last` that breaks the rule.  A read that would not
 * wait, and finds nothing, is no use, and fails as the real one would.  A read that would wait is
 * isolated at once: whatever came would be another's. */
static bool cut_off(struct track_call *call, struct lineage_use last, int flags)
{
	struct isolate_address local;
	bool goes_on;

	if (call->way == TRACK_READ && !may_move_bytes(call, flags, &goes_on))
		return goes_on;
	use_publish(call, last);
	isolate(call, &local);
	if (call->action != ACTION_ISOLATED)
		return true; /* as in warn mode: judged and reported after the call */
	use_report_violation(call, last, 0);
	isolate_end(call);
	return meet_the_end(call);
}

/* --- the claim ------------------------------------------------------------------------------- */

static bool refuse(struct track_call *call, struct lineage_use last, int flags)
{
	return options_isolate() ? cut_off(call, last, flags) : stop(call, last, flags);
}

/* Refuses a read by a process whose write was held back as a possible goodbye: the session goes on,
 * so the write was a use in breach of the rule.  The write could not be stopped before its bytes
 * moved; the process is stopped before the answer is taken.  In isolate mode the answer may be the
 * server's end of the session, whose record sequence the write has broken. */
static bool refuse_answer(struct track_call *call, int flags)
{
	struct isolate_address local;
	int got;

	if (call->action == ACTION_ABORTED) {
		got = look_for_bytes(call->fd, flags);
		if (got < 0)
			return answer(call, -1, -got);
		goodbye_judge_deferred(call);
		use_stop(call);
	}
	got = look_for_bytes(call->fd, flags | MSG_DONTWAIT);
	if (got == -EAGAIN && !waits(call, flags))
		return answer(call, -1, EAGAIN);
	isolate(call, &local);
	if (call->action != ACTION_ISOLATED)
		return true;
	goodbye_judge_deferred(call);
	isolate_end(call);
	return meet_the_end(call);
}

static ssize_t bytes_of(const struct iovec *iov, int count)
{
	ssize_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += (ssize_t)iov[i].iov_len;
	return bytes;
}

enum goodbye_step { NO_GOODBYE, GOODBYE_SAID, GOODBYE_HELD };

/* A goodbye is no use and claims nothing.  A foreign goodbye ends the process here in strict mode,
 * and is held back in isolate mode. */
static enum goodbye_step take_goodbye(struct track_call *call, const struct iovec *iov, int count)
{
	struct registry_socket *socket = call->socket;
	struct evidence_facts facts;

	if (call->way != TRACK_WRITE || !conversation_wants(socket))
		return NO_GOODBYE;
	conversation_foresee(call, iov, count, &facts);
	use_name_message(call, &facts);
	if (facts.goodbye == WIRE_NO_GOODBYE)
		return NO_GOODBYE;
	if (goodbye_judge(call, lineage_unpack(load_relaxed(&socket->last)), 0, &facts) &&
	    call->action == ACTION_ABORTED)
		use_stop(call);
	if (call->action != ACTION_HELD_BACK)
		return GOODBYE_SAID;
	answer(call, bytes_of(iov, count), 0);
	return GOODBYE_HELD;
}

bool use_claim(struct track_call *call, int flags, const struct iovec *iov, int count)
{
	struct registry_socket *socket = call->socket;
	struct lineage_use broken;
	bool goes_on;

	if (use_is_unknown(socket))
		return !use_unknown_claim(call, &broken) || refuse(call, broken, flags);
	switch (take_goodbye(call, iov, count)) {
	case GOODBYE_HELD:
		return false;
	case GOODBYE_SAID:
		return true;
	case NO_GOODBYE:
		break;
	}
	if (call->way == TRACK_READ && goodbye_was_said(socket))
		return true;
	if (options.mode == MODE_STRICT && call->way == TRACK_WRITE && !use_may_be_goodbye(call) &&
	    goodbye_met(call, 0))
		use_stop(call);
	if (call->way == TRACK_READ && goodbye_is_deferred(socket))
		return refuse_answer(call, flags);
	/* Only a sound use is exchanged into the lineage word, by one step with the judging: a
	 * claim that was taken back would make the others' uses look broken meanwhile. */
	for (;;) {
		uint64_t word = load_relaxed(&socket->last);
		struct lineage_use last = lineage_unpack(word);

		if ((word & ~LINEAGE_ATTENTION) == process_mine())
			return true;
		if (lineage_judge(&process.lineage, last) == LINEAGE_VIOLATION &&
		    track_class_is_watched(registry_socket_protocol(socket)) &&
		    !use_may_be_goodbye(call)) {
			if (pending_take_back(call, word))
				continue;
			return refuse(call, last, flags);
		}
		if (options_isolate() && call->way == TRACK_READ &&
		    !may_move_bytes(call, flags, &goes_on))
			return goes_on;
		use_publish(call, last);
		pending_begin(call, word);
		if (compare_exchange_acq_rel(&socket->last, &word,
					     process_mine() | LINEAGE_ATTENTION)) {
			call->claimed_over = word;
			call->claimed = true;
			return true;
		}
		pending_end(call);
	}
}

bool use_look(struct track_call *call, int flags)
{
	struct registry_socket *socket = call->socket;
	struct lineage_use last = lineage_unpack(load_relaxed(&socket->last));
	struct isolate_address local;

	if ((flags & MSG_PEEK) == 0 || use_is_unknown(socket) ||
	    lineage_judge(&process.lineage, last) != LINEAGE_VIOLATION)
		return true;
	isolate(call, &local);
	if (call->action != ACTION_ISOLATED)
		return true;
	use_report_look(call, last);
	isolate_end(call);
	return meet_the_end(call);
}
