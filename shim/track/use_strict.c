/* SPDX-License-Identifier: MIT */
/*
 * See use_strict.h.
 */
#include "track/use_strict.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/sys.h"
#include "track/connection.h"
#include "track/conversation.h"
#include "track/goodbye.h"
#include "track/use.h"
#include "track/use_report.h"

_Noreturn void use_strict_stop(struct track_call *call)
{
	conversation_leave(call);
	abort();
}

void use_strict_unclaim(struct track_call *call)
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
	use_name_message(call, &facts);
	if (facts.goodbye == WIRE_NO_GOODBYE)
		return false;
	if (goodbye_judge(call, lineage_unpack(load_relaxed(&socket->last)), 0, call->message,
			  facts.goodbye == WIRE_GOODBYE_LIKELY))
		use_strict_stop(call);
	return true;
}

int use_strict_claim(struct track_call *call, int flags, const struct iovec *iov, int count)
{
	struct registry_socket *socket = call->socket;
	struct lineage_use last;

	if (is_goodbye(call, iov, count) || (call->way == TRACK_READ && goodbye_was_said(socket)) ||
	    (load_relaxed(&socket->last) & ~LINEAGE_ATTENTION) == process_mine())
		return 0;
	use_publish(call, lineage_unpack(load_relaxed(&socket->last)));
	call->claimed_over = exchange_acq_rel(&socket->last, process_mine() | LINEAGE_ATTENTION);
	call->claimed = true;
	last = lineage_unpack(call->claimed_over);
	if (lineage_judge(&process.lineage, last) != LINEAGE_VIOLATION ||
	    !track_class_is_watched(registry_socket_protocol(socket)) || use_may_be_goodbye(call))
		return 0;
	if (call->way == TRACK_READ) {
		int got = wait_for_bytes(call->fd, flags);

		if (got <= 0) {
			use_strict_unclaim(call);
			return -got;
		}
	}
	/* Its bytes will never move: the other process, which did nothing wrong, goes on sound, and
	 * does not meet our claim while the report is written. */
	use_strict_unclaim(call);
	use_report_violation(call, last, 0);
	use_strict_stop(call);
}
