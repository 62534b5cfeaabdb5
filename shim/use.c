/* SPDX-License-Identifier: MIT */
/*
 * What a use means: the slow path of every call that moved bytes on a connection that somebody else
 * may hold, or whose protocol is not told.
 *
 * The order is the same everywhere: is the descriptor still that connection (generation, cookie);
 * our stack, where the others find it; the exchange of the lineage word, which is the claim; the
 * judge; findings.  In warn mode all of it comes after the call, since only a call that moved bytes
 * is a use.  In strict mode the claim comes before the call, for reads as for writes: a check first
 * and an exchange after would let two siblings' first uses both pass.
 *
 * Runs in any thread and in signal handlers.  Nothing here waits for another process, allocates,
 * or changes errno.
 */
#include "track.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "finding.h"
#include "sys.h"
#include "user.h"

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
	if (other->parent_serial == process.lineage.self.serial)
		return "the child used the connection after the fork; this process's driver state "
		       "knows nothing of it";
	if (process.lineage.ancestor_count > 0 &&
	    load_relaxed(&other->serial) == process.lineage.ancestors[0].serial)
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
	struct registry_socket *socket = track_socket(call->entry);

	return (struct finding_cause){
		.fd = call->fd,
		.slot = fdtable_slot(call->entry),
		.operation = call->operation,
		.bytes = moved,
		.other_serial = last.serial,
		.this_use = own_stack(socket, call->operation),
		.other_use = user_latest_stack(socket, last.serial),
	};
}

static void report_violation(const struct track_call *call, struct lineage_use last, int64_t moved)
{
	struct finding_cause cause = cause_of(call, last, moved);

	cause.kind = KIND_SHARED_USE;
	cause.text = violation_text(registry_find_process(last.serial));
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
	cause.other_serial = load_relaxed(&holder->serial);
	cause.text = "the connection was opened before this process was forked, and the other "
		     "process still holds it open";
	registry_count(COUNT_USES_HAZARD);
	finding_report(&cause);
}

/* --- judging ------------------------------------------------------------------------------- */

/* Our stack stands in the slot before the lineage word names us: whoever judges against us finds
 * it. Not for a connection that is ours alone. */
static void publish_use(const struct track_call *call, struct lineage_use last)
{
	struct registry_socket *socket = track_socket(call->entry);

	if (last.serial != 0 && last.serial != process.lineage.self.serial)
		user_stack(socket, call->operation, FORKSAN_USE_STACKS_PER_PROCESS);
	else if (registry_other_holder(fdtable_slot(call->entry), process.shared))
		user_stack(socket, call->operation, FORKSAN_SOUND_STACKS_PER_PROCESS);
}

/* Judges this process's use over the use `last` that it replaced in the lineage word. */
static void judge(const struct track_call *call, struct lineage_use last, size_t moved)
{
	struct registry_socket *socket = track_socket(call->entry);
	const struct registry_process *holder;

	switch (lineage_judge(&process.lineage, last)) {
	case LINEAGE_FIRST:
	case LINEAGE_OWN:
		if (registry_other_holder(fdtable_slot(call->entry), process.shared)) {
			mark_inherited(socket);
			registry_count(COUNT_USES_SOUND);
		} else {
			calm(socket);
		}
		break;
	case LINEAGE_INHERITED:
		holder = registry_other_holder(fdtable_slot(call->entry), process.shared);
		if (holder) {
			mark_inherited(socket);
			report_hazard(call, last, holder, (int64_t)moved);
		} else {
			calm(socket);
		}
		break;
	case LINEAGE_VIOLATION:
		mark_inherited(socket);
		report_violation(call, last, (int64_t)moved);
		if (options.strict)
			abort();
		break;
	}
}

/* A use that changes something: another process's was the latest, the protocol is not told, or we
 * have forked since. */
static void judge_use(struct track_call *call, const struct iovec *iov, int count, size_t moved)
{
	struct registry_socket *socket = track_socket(call->entry);
	uint32_t slot = fdtable_slot(call->entry);
	int saved_errno = errno;
	uint64_t word;

	if (!process_enter() || !track_is_still(call->fd, slot))
		goto out;
	if (load_relaxed(&socket->protocol) != PROTOCOL_UNKNOWN) {
		if (!track_class_is_watched(track_protocol(socket))) {
			track_stop_watching(slot);
			goto out;
		}
	} else if (!track_tell_protocol(call, iov, count, moved)) {
		goto out;
	}
	word = call->claimed ? call->claimed_over : load_relaxed(&socket->last);
	if ((word & ~LINEAGE_ATTENTION) == process_mine()) {
		if (load_relaxed(&socket->flags) & SOCKET_INHERITED)
			registry_count(COUNT_USES_SOUND);
		else
			calm(socket);
	} else {
		if (!call->claimed) {
			publish_use(call, lineage_unpack(word));
			word = exchange_acq_rel(&socket->last, process_mine() | LINEAGE_ATTENTION);
		}
		judge(call, lineage_unpack(word), moved);
	}
	track_look_for_inherited();
out:
	errno = saved_errno;
}

/* Strict mode: a claim made before the call is given back, since no bytes moved. */
static void unclaim(struct track_call *call)
{
	uint64_t word = process_mine() | LINEAGE_ATTENTION;

	call->claimed = false;
	compare_exchange_acq_rel(&track_socket(call->entry)->last, &word, call->claimed_over);
}

void track_end(struct track_call *call, const struct iovec *iov, int count, ssize_t moved)
{
	if (moved > 0)
		judge_use(call, iov, count, (size_t)moved);
	else if (call->claimed)
		unclaim(call);
}

void track_end_buffer(struct track_call *call, const void *buffer, ssize_t moved)
{
	struct iovec iov = {(void *)(uintptr_t)buffer, (size_t)(moved > 0 ? moved : 0)};

	track_end(call, &iov, 1, moved);
}

void track_late(int fd, uint32_t entry, enum operation operation, enum track_way way,
		const struct iovec *iov, int count, ssize_t moved)
{
	struct track_call call = {.fd = fd, .entry = entry, .operation = operation, .way = way};

	track_end(&call, iov, count, moved);
}

void track_late_buffer(int fd, uint32_t entry, enum operation operation, enum track_way way,
		       const void *buffer, ssize_t moved)
{
	struct track_call call = {.fd = fd, .entry = entry, .operation = operation, .way = way};

	track_end_buffer(&call, buffer, moved);
}

/* --- strict mode ---------------------------------------------------------------------------- */

/* A read that would break the rule is stopped when there is something to take.  Until then it waits
 * here as the real call would, with MSG_PEEK, which moves nothing.  0: bytes are there. */
static int wait_for_bytes(int fd, int flags)
{
	char byte;

	return (int)sys_call(SYS_recvfrom, fd, (long)(uintptr_t)&byte, 1, flags | MSG_PEEK, 0, 0);
}

/* Strict mode: takes the connection before the bytes move.  0 when the call may go on, else the
 * errno with which it fails. */
static int claim(struct track_call *call, int flags)
{
	struct registry_socket *socket = track_socket(call->entry);
	struct lineage_use last;

	if ((load_relaxed(&socket->last) & ~LINEAGE_ATTENTION) == process_mine() ||
	    !process_enter() || !track_is_still(call->fd, fdtable_slot(call->entry)))
		return 0;
	publish_use(call, lineage_unpack(load_relaxed(&socket->last)));
	call->claimed_over = exchange_acq_rel(&socket->last, process_mine() | LINEAGE_ATTENTION);
	call->claimed = true;
	last = lineage_unpack(call->claimed_over);
	if (lineage_judge(&process.lineage, last) != LINEAGE_VIOLATION ||
	    !track_class_is_watched(track_protocol(socket)))
		return 0;
	if (call->way == TRACK_READ) {
		int got = wait_for_bytes(call->fd, flags);

		if (got <= 0) {
			unclaim(call);
			return -got;
		}
	}
	report_violation(call, last, 0);
	/* Its bytes never moved: the other process, which did nothing wrong, goes on sound. */
	unclaim(call);
	abort();
}

bool track_begin(struct track_call *call, int fd, uint32_t entry, enum operation operation,
		 enum track_way way, int flags)
{
	int saved_errno = errno;
	int error;

	*call = (struct track_call){.fd = fd, .entry = entry, .operation = operation, .way = way};
	error = options.strict ? claim(call, flags) : 0;
	call->started_ns = sys_clock_ns(CLOCK_MONOTONIC);
	errno = error != 0 ? error : saved_errno;
	return error == 0;
}
