/* SPDX-License-Identifier: MIT */
/*
 * See call.h.  Runs in any thread and in signal handlers.  Nothing here allocates, changes errno,
 * or waits for another process for more than some milliseconds (conversation.c), or a second where
 * the session has ended.
 */
#include "track/call.h"

#include <errno.h>
#include <fcntl.h>

#include "options/options.h"
#include "registry/history.h"
#include "track/connection.h"
#include "track/conversation.h"
#include "track/goodbye.h"
#include "track/memo.h"
#include "track/open_calls.h"
#include "track/pending.h"
#include "track/use.h"
#include "track/use_parts.h"
#include "track/use_claim.h"
#include "track/worker.h"

static struct track_call call_of(int fd, struct socket_ref ref, enum operation operation,
				 enum track_way way)
{
	return (struct track_call){
		.fd = fd,
		.slot = socket_ref_slot(ref),
		.socket = track_socket(ref),
		.operation = operation,
		.way = way,
		.action = use_default_action(),
	};
}

/* True when the descriptor still is a connection that this process watches. */
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

/* Has messages parsed from here on when another process may be about to speak, or has spoken.
 * `late`: the call has moved its bytes already, and the bytes may be part of a message. */
static void watch_if_shared(const struct track_call *call, bool late)
{
	const struct registry_socket *socket = call->socket;
	struct lineage_use last = lineage_unpack(load_relaxed(&socket->last));

	if (load_relaxed(&socket->flags) & SOCKET_MEMO) {
		if (!memo_is_own(socket))
			memo_replay(call);
		return;
	}
	if (load_relaxed(&socket->protocol) == PROTOCOL_UNKNOWN || use_is_unknown(socket) ||
	    (load_relaxed(&socket->flags) & SOCKET_EVIDENCE) != 0)
		return;
	switch (lineage_judge(&process.lineage, last)) {
	case LINEAGE_FIRST:
		break;
	case LINEAGE_OWN:
		/* Only a fork between the latest use and this one can have put the connection into
		 * two processes. */
		if (lineage_pack(last) != process_mine() &&
		    registry_other_holder(call->slot, process.shared) &&
		    (late || !memo_start(call)))
			conversation_watch(call, !late);
		break;
	case LINEAGE_INHERITED:
		if (registry_other_holder(call->slot, process.shared))
			conversation_watch(call, !late);
		break;
	case LINEAGE_UNKNOWN:
	case LINEAGE_VIOLATION:
		conversation_watch(call, false);
		break;
	}
}

/* True when other processes want to know who is inside a call.  The call with which a memo begins
 * may be the goodbye. */
static bool others_may_speak(const struct registry_socket *socket)
{
	return conversation_wants(socket) || (load_relaxed(&socket->flags) & SOCKET_MEMO) != 0;
}

static bool is_no_use(enum track_way way, int flags)
{
	return way == TRACK_READ && (flags & TRACK_NO_USE) != 0;
}

/* track_begin() for a call that memo_begin() has not begun. */
static noinline bool begin(struct track_call *call, int flags, const struct iovec *iov, int count)
{
	int saved_errno = errno;
	bool goes_on = true;

	if (is_no_use(call->way, flags)) {
		if (options_isolate() && check(call))
			goes_on = use_look(call, flags);
		call->checked = false;
	} else if (check(call)) {
		watch_if_shared(call, false);
		if (options_judge_first())
			goes_on = use_claim(call, flags, iov, count);
		/* A call that the claim has kept from moving bytes must not look as if it were
		 * under way: the order of all others would be unknown. */
		if (goes_on && call->checked && others_may_speak(call->socket)) {
			conversation_forget_dead(call);
			conversation_enter(call);
		}
	}
	pending_goes_on(call);
	errno = !goes_on && call->error != 0 ? call->error : saved_errno;
	return goes_on;
}

bool track_begin(struct track_call *call, int fd, struct socket_ref ref, enum operation operation,
		 enum track_way way, int flags, const struct iovec *iov, int count)
{
	*call = call_of(fd, ref, operation, way);
	if ((load_relaxed(&call->socket->flags) & SOCKET_MEMO) != 0 && !is_no_use(way, flags) &&
	    memo_begin(call))
		return true;
	return begin(call, flags, iov, count);
}

/* True when a call asked for bytes: false for a read into no room, which returns 0 at any time.
 * The vector is looked at only after a call that succeeded: by then the kernel has read the
 * vector. */
static bool wanted_bytes(const struct iovec *iov, int count, ssize_t moved)
{
	if (moved < 0)
		return true;
	for (int i = 0; i < count; i++)
		if (iov[i].iov_len > 0)
			return true;
	return count == 0;
}

/* track_end() for a call that memo_end() has not ended. */
static noinline void end(struct track_call *call, const struct iovec *iov, int count, ssize_t moved)
{
	int saved_errno = errno;

	if (call->noted && check(call))
		watch_if_shared(call, true);
	if (call->checked && moved > 0) {
		use_judge(call, iov, count, (size_t)moved);
		track_look_for_inherited();
	} else if (call->checked) {
		use_give_back(call);
		if (goodbye_is_end(call, wanted_bytes(iov, count, moved), moved, saved_errno))
			use_judge_end(call, iov, count);
	}
	if (call->more) {
		/* The rest of the call is what its process does next. */
		call->claimed = false;
	} else {
		/* Last: killed before, the process leaves a claim that others can judge. */
		pending_end(call);
		conversation_leave(call);
	}
	errno = saved_errno;
}

void track_end(struct track_call *call, const struct iovec *iov, int count, ssize_t moved)
{
	if (!call->noted || !memo_end(call, iov, count, moved))
		end(call, iov, count, moved);
}

void track_late(const struct track_fast *fast, enum operation operation, enum track_way way,
		int flags, const struct iovec *iov, int count, ssize_t moved)
{
	struct socket_ref ref = {
		(uint32_t)((const char *)fast->socket - (const char *)registry_mapping)};
	struct track_call call = call_of(fast->fd, ref, operation, way);
	int saved_errno = errno;

	if (!is_no_use(way, flags) && check(&call)) {
		watch_if_shared(&call, true);
		track_end(&call, iov, count, moved);
	}
	errno = saved_errno;
}

void track_late_buffer(const struct track_fast *fast, enum operation operation, enum track_way way,
		       ssize_t moved)
{
	struct iovec iov = {(void *)(uintptr_t)fast->data, (size_t)moved};

	track_late(fast, operation, way, fast->number, &iov, 1, moved);
}

void track_late_vector(const struct track_fast *fast, enum operation operation, enum track_way way,
		       ssize_t moved)
{
	track_late(fast, operation, way, 0, fast->data, fast->number, moved);
}

void track_jumping(void)
{
	open_calls_jump();
	memo_jump();
	conversation_jump();
}

void track_changed(int fd, struct socket_ref ref, enum operation operation, long before)
{
	struct registry_socket *socket = track_socket(ref);
	int saved_errno = errno;

	if ((load_relaxed(&socket->flags) & SOCKET_EVIDENCE) && process_enter() &&
	    track_is_still(fd, socket_ref_slot(ref))) {
		history_add(socket_ref_slot(ref),
			    &(struct history_act){.by = process.lineage.self.serial,
						  .tid = process_tid(),
						  .operation = operation,
						  .writes = true},
			    NULL, 0, 0);
		if (((before ^ track_file_flags(fd)) & O_NONBLOCK) && conversation_is_busy(socket))
			store_relaxed(&socket->unblocked_by, process.lineage.self.serial.n);
	}
	errno = saved_errno;
}

/* shutdown() ends the session below the protocol, for everybody (shutdown(2)). */
bool track_shutdown(int fd, struct socket_ref ref, int how)
{
	struct track_call call = call_of(fd, ref, OPERATION_shutdown, TRACK_WRITE);
	int saved_errno = errno;

	track_settle(fd, ref);
	if ((how == SHUT_RD || how == SHUT_WR || how == SHUT_RDWR) && check(&call) &&
	    !use_is_unknown(call.socket) && !track_is_over(fd) &&
	    goodbye_judge(&call, lineage_unpack(load_relaxed(&call.socket->last)), 0, NULL) &&
	    call.action == ACTION_ABORTED)
		use_stop(&call);
	errno = saved_errno;
	return call.action != ACTION_HELD_BACK;
}
