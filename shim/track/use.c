/* SPDX-License-Identifier: MIT */
/*
 * What a use means: the slow path of every call that moved bytes on a connection that somebody else
 * may hold, or whose protocol is not told.
 *
 * The order is the same everywhere: is the descriptor still that connection (generation, cookie);
 * what the bytes were; a goodbye is judged by its own rule and is no use; our stack, where the
 * others find it; the exchange of the lineage word, which is the claim; the judge; findings.  In
 * warn mode all of it comes after the call, since only a call that moved bytes is a use.  In strict
 * mode the claim comes before the call, for reads as for writes: a check first and an exchange
 * after would let two siblings' first uses both pass.
 *
 * Runs in any thread and in signal handlers.  Nothing here allocates, changes errno, or waits for
 * another process for more than some milliseconds (conversation.c).
 */
#include "track/track.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "track/conversation.h"
#include "report/finding.h"
#include "track/goodbye.h"
#include "registry/history.h"
#include "base/sys.h"
#include "base/text.h"
#include "track/user.h"

/* Somebody else holds it too: from now on every use is looked at. */
static void mark_inherited(struct registry_socket *socket)
{
	if (!(fetch_or_relaxed(&socket->flags, SOCKET_INHERITED) & SOCKET_INHERITED))
		registry_count(COUNT_CONNECTIONS_INHERITED);
}

/* Nothing about the connection needs attention any more: its owner's uses become fast again. */
static void calm(struct registry_socket *socket)
{
	uint64_t mine = process_mine();
	uint64_t word = mine | LINEAGE_ATTENTION;

	if (load_relaxed(&socket->protocol) != PROTOCOL_UNKNOWN)
		compare_exchange_acq_rel(&socket->last, &word, mine);
}

/* --- findings ------------------------------------------------------------------------------ */

static const char *violation_text(const struct registry_process *other)
{
	if (!other)
		return "another process used the connection since this process's memory was copied";
	if (serial_is(other->parent_serial, process.lineage.self.serial))
		return "the child used the connection after the fork; this process's driver state "
		       "knows nothing of it";
	if (process.lineage.ancestor_count > 0 &&
	    serial_is(registry_process_serial(other), process.lineage.ancestors[0].serial))
		return "the parent used the connection again after it forked this process, whose "
		       "driver state is older";
	if (!registry_process_alive(other))
		return "its predecessor used the connection and has ended; this process's memory "
		       "is a copy of its parent's, which never saw that use";
	return "two processes with separate driver states speak on one connection";
}

/* Our stack as it stands in the slot, or a fresh one. */
static struct stack_id own_stack(struct registry_socket *socket, enum operation operation)
{
	struct stack_id stack = user_latest_stack(socket, process.lineage.self.serial);

	return stack.n != 0 ? stack : user_stack(socket, operation, FORKSAN_USE_STACKS_PER_PROCESS);
}

static struct finding_cause cause_of(const struct track_call *call, struct lineage_use last,
				     int64_t moved)
{
	struct registry_socket *socket = call->socket;

	return (struct finding_cause){
		.fd = call->fd,
		.slot = call->slot,
		.operation = call->operation,
		.bytes = moved,
		.other_serial = last.serial,
		.this_use = own_stack(socket, call->operation),
		.other_use = user_latest_stack(socket, last.serial),
		.message = call->message,
	};
}

static void report_violation(const struct track_call *call, struct lineage_use last, int64_t moved)
{
	struct finding_cause cause = cause_of(call, last, moved);

	const struct registry_process *changer =
		registry_find_process((struct serial){load_relaxed(&call->socket->unblocked_by)});
	char sentence[320];
	struct text text;

	text_init(&text, sentence, sizeof sentence);
	text_put_string(&text, violation_text(registry_find_process(last.serial)));
	if (changer) {
		text_put_string(&text, "; process ");
		text_put_int(&text, load_relaxed(&changer->pid));
		text_put_string(&text, " changed O_NONBLOCK while another was inside a call");
	}
	cause.kind = KIND_SHARED_USE;
	cause.text = sentence;
	registry_count(COUNT_USES_VIOLATION);
	store_relaxed(&process.violated, true);
	finding_report(&cause);
}

/* Sound so far, but a live process could break it at any time. */
static void report_hazard(const struct track_call *call, struct lineage_use last,
			  const struct registry_process *holder, int64_t moved)
{
	struct finding_cause cause = cause_of(call, last, moved);

	cause.kind = KIND_INHERITED_USE;
	cause.other_serial = registry_process_serial(holder);
	cause.text = "the connection was opened before this process was forked, and the other "
		     "process still holds it open";
	registry_count(COUNT_USES_HAZARD);
	finding_report(&cause);
}

/* A reply went to the wrong process, or a request into another's exchange: corruption seen. */
static void report_crossing(const struct track_call *call, const struct evidence_facts *facts,
			    struct lineage_use last, int64_t moved)
{
	/* Where the evidence has lost track of whose exchange it was, the latest other user stands
	 * for it; such a crossing is likely, never proven. */
	struct lineage_use whose = facts->other.serial.n != 0 ? facts->other : last;
	struct finding_cause cause;
	const struct registry_process *other;
	const char *request = wire_message_name(facts->protocol, WIRE_CLIENT, facts->other_code);
	char sentence[256];
	struct text text;

	if (whose.serial.n == 0 || serial_is(whose.serial, process.lineage.self.serial))
		whose.serial = user_latest_other(call->socket, process.lineage.self.serial);
	cause = cause_of(call, whose, moved);
	other = registry_find_process(whose.serial);
	text_init(&text, sentence, sizeof sentence);
	text_put_string(&text, facts->crossing == EVIDENCE_READ
				       ? "this process took bytes of the reply to "
				       : "this process wrote into the unfinished exchange of ");
	text_put_string(&text, request ? request : "a request");
	text_put_string(&text, other ? " that process " : " that another process");
	if (other)
		text_put_int(&text, load_relaxed(&other->pid));
	text_put_string(&text, " sent");
	if (facts->other_age_ns > 0) {
		text_put_char(&text, ' ');
		text_put_uint(&text, facts->other_age_ns / 1000000);
		text_put_char(&text, '.');
		text_put_uint(&text, facts->other_age_ns / 100000 % 10);
		text_put_string(&text, " ms before");
	}
	cause.kind = KIND_CROSSED_REPLY;
	cause.text = sentence;
	cause.likely = facts->certainty == EVIDENCE_LIKELY;
	cause.basis = facts->basis == EVIDENCE_MESSAGES ? "messages" : "alternation";
	store_relaxed(&process.violated, true);
	finding_report(&cause);
}

/* Strict mode's end.  The process is not inside the call any more: others would take its write for
 * one that is under way. */
_Noreturn static void stop(struct track_call *call)
{
	conversation_leave(call);
	abort();
}

/* --- judging ------------------------------------------------------------------------------- */

/* Our stack stands in the slot before the lineage word names us: whoever judges against us finds
 * it. Not for a connection that is ours alone. */
static void publish_use(const struct track_call *call, struct lineage_use last)
{
	struct registry_socket *socket = call->socket;

	if (last.serial.n != 0 && !serial_is(last.serial, process.lineage.self.serial))
		user_stack(socket, call->operation, FORKSAN_USE_STACKS_PER_PROCESS);
	else if (registry_other_holder(call->slot, process.shared))
		user_stack(socket, call->operation, FORKSAN_SOUND_STACKS_PER_PROCESS);
}

/* The last holder of a conversation that cannot be read may be saying goodbye. */
static bool may_be_goodbye(const struct track_call *call)
{
	return call->way == TRACK_WRITE && conversation_is_opaque(call->socket) &&
	       !registry_other_holder(call->slot, process.shared);
}

/* Judges this process's use over the use `last` that it replaced in the lineage word. */
static void judge(struct track_call *call, struct lineage_use last, size_t moved)
{
	struct registry_socket *socket = call->socket;
	const struct registry_process *holder;

	switch (lineage_judge(&process.lineage, last)) {
	case LINEAGE_FIRST:
	case LINEAGE_OWN:
		if (registry_other_holder(call->slot, process.shared)) {
			mark_inherited(socket);
			registry_count(COUNT_USES_SOUND);
		} else {
			calm(socket);
		}
		break;
	case LINEAGE_INHERITED:
		holder = registry_other_holder(call->slot, process.shared);
		if (holder) {
			mark_inherited(socket);
			report_hazard(call, last, holder, (int64_t)moved);
		} else {
			calm(socket);
		}
		break;
	case LINEAGE_VIOLATION:
		mark_inherited(socket);
		if (may_be_goodbye(call) && goodbye_defer(call, last, (int64_t)moved))
			break;
		report_violation(call, last, (int64_t)moved);
		if (options.mode == MODE_STRICT)
			stop(call);
		break;
	}
}

/* A read after it shows that a write that was kept back was no goodbye. */
static void judge_deferred(const struct track_call *read)
{
	struct track_call call;
	struct lineage_use last;
	int64_t moved;

	while (goodbye_recall(read, &call, &last, &moved))
		report_violation(&call, last, moved);
}

/* Tells the protocol from the call's bytes if need be.  True when the connection is watched on. */
static bool look_at_bytes(const struct track_call *call, const struct iovec *iov, int count,
			  size_t moved)
{
	struct registry_socket *socket = call->socket;
	uint32_t earlier[2] = {load_relaxed(&socket->head_len[0]),
			       load_relaxed(&socket->head_len[1])};

	if (load_relaxed(&socket->protocol) != PROTOCOL_UNKNOWN)
		return true;
	if (!track_identify_protocol(call, iov, count, moved))
		return false;
	if (load_relaxed(&socket->protocol) != PROTOCOL_UNKNOWN) {
		conversation_open(call, earlier);
		/* It may begin with a password (Redis's AUTH), and nobody needs it any more. */
		memset(socket->head, 0, sizeof socket->head);
	}
	return true;
}

static void name_message(struct track_call *call, const struct evidence_facts *facts)
{
	call->message = wire_message_name(
		facts->protocol, call->way == TRACK_WRITE ? WIRE_CLIENT : WIRE_SERVER, facts->code);
}

static void judge_use(struct track_call *call, const struct iovec *iov, int count, size_t moved)
{
	struct registry_socket *socket = call->socket;
	struct evidence_facts facts = {0};
	uint64_t word = call->claimed ? call->claimed_over : load_relaxed(&socket->last);

	if (!look_at_bytes(call, iov, count, moved))
		return;
	if (load_relaxed(&socket->protocol) != PROTOCOL_UNKNOWN &&
	    (load_relaxed(&socket->flags) & TRACK_WANTS_BYTES) != 0)
		conversation_record(call, iov, count, moved, &facts);
	name_message(call, &facts);
	if (facts.goodbye != WIRE_NO_GOODBYE && !call->claimed) {
		goodbye_judge(call, lineage_unpack(word), (int64_t)moved, call->message,
			      facts.goodbye == WIRE_GOODBYE_LIKELY);
		return;
	}
	if (call->way == TRACK_WRITE)
		goodbye_take_back(socket);
	else if (goodbye_was_said(socket) && !call->claimed)
		return;
	if ((word & ~LINEAGE_ATTENTION) == process_mine()) {
		if (load_relaxed(&socket->flags) & SOCKET_INHERITED)
			registry_count(COUNT_USES_SOUND);
		else if (!(load_relaxed(&socket->flags) & SOCKET_UNIDENTIFIED))
			calm(socket);
	} else {
		if (!call->claimed) {
			publish_use(call, lineage_unpack(word));
			word = exchange_acq_rel(&socket->last, process_mine() | LINEAGE_ATTENTION);
		}
		judge(call, lineage_unpack(word), moved);
	}
	if (call->way == TRACK_READ)
		judge_deferred(call);
	if (facts.replies_crossed > 0)
		registry_count_many(COUNT_REPLIES_CROSSED, facts.replies_crossed);
	if (facts.crossing != EVIDENCE_NOT_CROSSED && !may_be_goodbye(call))
		report_crossing(call, &facts, lineage_unpack(word), (int64_t)moved);
}

/* --- strict mode ---------------------------------------------------------------------------- */

/* A claim made before the call is given back, since no bytes moved. */
static void unclaim(struct track_call *call)
{
	uint64_t word = process_mine() | LINEAGE_ATTENTION;

	call->claimed = false;
	compare_exchange_acq_rel(&call->socket->last, &word, call->claimed_over);
}

/* A read that would break the rule is stopped when there is something to take.  Until then it waits
 * here as the real call would, with MSG_PEEK, which moves nothing.  1: bytes are there. */
static int wait_for_bytes(int fd, int flags)
{
	char byte;

	return (int)sys_call(SYS_recvfrom, fd, (long)(uintptr_t)&byte, 1, flags | MSG_PEEK, 0, 0);
}

/* A goodbye is no use and claims nothing; a foreign one does not leave. */
static bool is_goodbye(struct track_call *call, const struct iovec *iov, int count)
{
	struct registry_socket *socket = call->socket;
	struct evidence_facts facts;

	if (call->way != TRACK_WRITE || !call->inside)
		return false;
	conversation_foresee(call, iov, count, &facts);
	name_message(call, &facts);
	if (facts.goodbye == WIRE_NO_GOODBYE)
		return false;
	if (goodbye_judge(call, lineage_unpack(load_relaxed(&socket->last)), 0, call->message,
			  facts.goodbye == WIRE_GOODBYE_LIKELY))
		stop(call);
	return true;
}

/* Takes the connection before the bytes move.  0 when the call may go on, else the errno with which
 * it fails. */
static int claim(struct track_call *call, int flags, const struct iovec *iov, int count)
{
	struct registry_socket *socket = call->socket;
	struct lineage_use last;

	if (is_goodbye(call, iov, count) || (call->way == TRACK_READ && goodbye_was_said(socket)) ||
	    (load_relaxed(&socket->last) & ~LINEAGE_ATTENTION) == process_mine())
		return 0;
	publish_use(call, lineage_unpack(load_relaxed(&socket->last)));
	call->claimed_over = exchange_acq_rel(&socket->last, process_mine() | LINEAGE_ATTENTION);
	call->claimed = true;
	last = lineage_unpack(call->claimed_over);
	if (lineage_judge(&process.lineage, last) != LINEAGE_VIOLATION ||
	    !track_class_is_watched(registry_socket_protocol(socket)) || may_be_goodbye(call))
		return 0;
	if (call->way == TRACK_READ) {
		int got = wait_for_bytes(call->fd, flags);

		if (got <= 0) {
			unclaim(call);
			return -got;
		}
	}
	/* Its bytes will never move: the other process, which did nothing wrong, goes on sound, and
	 * does not meet our claim while the report is written. */
	unclaim(call);
	report_violation(call, last, 0);
	stop(call);
}

/* --- around the call ------------------------------------------------------------------------ */

static struct track_call call_of(int fd, struct socket_ref ref, enum operation operation,
				 enum track_way way)
{
	return (struct track_call){
		.fd = fd,
		.slot = socket_ref_slot(ref),
		.socket = track_socket(ref),
		.operation = operation,
		.way = way,
	};
}

/* True when the call is still one on a connection that this process watches. */
static bool check(struct track_call *call)
{
	const struct registry_socket *socket = call->socket;

	if (!process_enter() || !track_is_still(call->fd, call->slot))
		return false;
	if (load_relaxed(&socket->protocol) != PROTOCOL_UNKNOWN &&
	    !track_class_is_watched(registry_socket_protocol(socket))) {
		track_stop_watching(call->slot);
		return false;
	}
	call->checked = true;
	return true;
}

/* Another process may be about to speak, or has spoken: from here on messages are followed. */
static void watch_if_shared(const struct track_call *call)
{
	const struct registry_socket *socket = call->socket;

	if (load_relaxed(&socket->protocol) == PROTOCOL_UNKNOWN ||
	    (load_relaxed(&socket->flags) & SOCKET_EVIDENCE) != 0)
		return;
	switch (lineage_judge(&process.lineage, lineage_unpack(load_relaxed(&socket->last)))) {
	case LINEAGE_FIRST:
	case LINEAGE_OWN:
		break;
	case LINEAGE_INHERITED:
		if (registry_other_holder(call->slot, process.shared))
			conversation_watch(call, true);
		break;
	case LINEAGE_VIOLATION:
		conversation_watch(call, false);
		break;
	}
}

bool track_begin(struct track_call *call, int fd, struct socket_ref ref, enum operation operation,
		 enum track_way way, int flags, const struct iovec *iov, int count)
{
	int saved_errno = errno;
	int error = 0;

	*call = call_of(fd, ref, operation, way);
	if (check(call)) {
		watch_if_shared(call);
		if (load_relaxed(&call->socket->protocol) != PROTOCOL_UNKNOWN &&
		    (load_relaxed(&call->socket->flags) & TRACK_WANTS_BYTES) != 0) {
			conversation_forget_dead(call);
			conversation_enter(call);
		}
		if (options.mode == MODE_STRICT)
			error = claim(call, flags, iov, count);
		if (error != 0)
			conversation_leave(call);
	}
	errno = error != 0 ? error : saved_errno;
	return error == 0;
}

/* Reading nothing but the end is no use; that it was read tells of the write before it. */
static bool awaited_answer(const struct track_call *call, ssize_t moved, int error)
{
	return call->way == TRACK_READ && (moved == 0 || error == ECONNRESET) &&
	       !goodbye_was_said(call->socket);
}

void track_end(struct track_call *call, const struct iovec *iov, int count, ssize_t moved)
{
	int saved_errno = errno;

	if (call->checked && moved > 0) {
		judge_use(call, iov, count, (size_t)moved);
		track_look_for_inherited();
	} else if (call->claimed) {
		unclaim(call);
	} else if (call->checked && awaited_answer(call, moved, saved_errno)) {
		judge_deferred(call);
	}
	conversation_leave(call);
	errno = saved_errno;
}

void track_late(int fd, struct socket_ref ref, enum operation operation, enum track_way way,
		const struct iovec *iov, int count, ssize_t moved)
{
	struct track_call call = call_of(fd, ref, operation, way);
	int saved_errno = errno;

	if (check(&call)) {
		watch_if_shared(&call);
		track_end(&call, iov, count, moved);
	}
	errno = saved_errno;
}

void track_late_buffer(int fd, struct socket_ref ref, enum operation operation, enum track_way way,
		       const void *buffer, ssize_t moved)
{
	struct iovec iov = {(void *)(uintptr_t)buffer, (size_t)(moved > 0 ? moved : 0)};

	track_late(fd, ref, operation, way, &iov, 1, moved);
}

long track_file_flags(int fd)
{
	return sys_call(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0);
}

void track_changed(int fd, struct socket_ref ref, enum operation operation, long before)
{
	struct registry_socket *socket = track_socket(ref);
	int saved_errno = errno;

	if ((load_relaxed(&socket->flags) & SOCKET_EVIDENCE) && process_enter() &&
	    track_is_still(fd, socket_ref_slot(ref))) {
		history_add(socket_ref_slot(ref), operation, true, 0, NULL, 0, 0);
		if (((before ^ track_file_flags(fd)) & O_NONBLOCK) && conversation_is_busy(socket))
			store_relaxed(&socket->unblocked_by, process.lineage.self.serial.n);
	}
	errno = saved_errno;
}

/* shutdown() ends the session below the protocol, for everybody (shutdown(2)). */
void track_shutdown(int fd, struct socket_ref ref)
{
	struct track_call call = call_of(fd, ref, OPERATION_shutdown, TRACK_WRITE);
	int saved_errno = errno;

	if (check(&call) &&
	    goodbye_judge(&call, lineage_unpack(load_relaxed(&call.socket->last)), 0, NULL,
			  false) &&
	    options.mode == MODE_STRICT)
		stop(&call);
	errno = saved_errno;
}
