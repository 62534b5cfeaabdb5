/* SPDX-License-Identifier: MIT */
/*
 * See use_unknown.h.
 *
 * While other processes hold the connection each call takes the slow path (SOCKET_BY_DIRECTION),
 * since the fast path leaves the lineage words of the two ways alone.
 */
#include "track/use_unknown.h"

#include "registry/history.h"
#include "track/isolate.h"
#include "track/use_parts.h"
#include "track/use_report.h"

/* Calls of this process between two looks at who else holds the connection. */
#define CALLS_PER_LOOK 32

static enum lineage_way way_of(const struct track_call *call)
{
	return call->way == TRACK_READ ? LINEAGE_READ : LINEAGE_WRITE;
}

/* Makes this use the latest one of its way and returns the use before. */
static struct lineage_use take_way(const struct track_call *call)
{
	_Atomic uint64_t *last = &call->socket->last_way[way_of(call)];

	if (call->claimed_way)
		return lineage_unpack(call->claimed_over);
	if (load_relaxed(last) == process_mine())
		return lineage_unpack(process_mine());
	return lineage_unpack(exchange_acq_rel(last, process_mine()));
}

/* True while another process holds the connection.  The registry is asked when the lineage word was
 * not this process's own, and now and then. */
static bool is_shared(const struct track_call *call, struct lineage_use last)
{
	static _Atomic uint32_t calls;
	struct registry_socket *socket = call->socket;
	bool was_shared = (load_relaxed(&socket->flags) & SOCKET_BY_DIRECTION) != 0;

	if (was_shared ? fetch_add_relaxed(&calls, 1) % CALLS_PER_LOOK != 0
		       : lineage_pack(last) == process_mine())
		return was_shared;
	return registry_other_holder(call->slot, process.shared) != NULL;
}

/* Lets the next call take the fast path when this process is alone with the connection for good. */
static void choose_path(struct registry_socket *socket, bool shared)
{
	const struct lineage_use last[LINEAGE_WAYS] = {
		lineage_unpack(load_relaxed(&socket->last_way[LINEAGE_READ])),
		lineage_unpack(load_relaxed(&socket->last_way[LINEAGE_WRITE])),
	};

	if (shared || !lineage_ways_are_own(&process.lineage, last)) {
		fetch_or_relaxed(&socket->flags, SOCKET_BY_DIRECTION);
		return;
	}
	fetch_and_relaxed(&socket->flags, ~(uint32_t)SOCKET_BY_DIRECTION);
	use_calm(socket);
}

void use_unknown_judge(struct track_call *call, const struct iovec *iov, int count, size_t moved)
{
	struct registry_socket *socket = call->socket;
	struct lineage_use last = use_take_lineage(call);
	struct lineage_use last_way = take_way(call);
	bool shared = is_shared(call, last);
	enum lineage_way_verdict verdict =
		lineage_judge_way(&process.lineage, way_of(call), last_way);
	bool broken = verdict == LINEAGE_WAY_VIOLATION;

	/* Of a write nothing would have been said. */
	if (verdict == LINEAGE_WAY_UNKNOWN && call->way == TRACK_READ)
		use_count_unknown(socket);
	if (shared || broken) {
		registry_mark_inherited(socket);
		history_start(call->slot);
		history_add(call->slot,
			    &(struct history_act){.by = process.lineage.self.serial,
						  .tid = process_tid(),
						  .operation = call->operation,
						  .writes = call->way == TRACK_WRITE},
			    iov, count, moved);
	}
	choose_path(socket, shared);
	if (broken) {
		isolate_late(call, last_way, (int64_t)moved);
	} else if (shared) {
		registry_count(COUNT_USES_SOUND);
	}
}

bool use_unknown_claim(struct track_call *call, struct lineage_use *broken)
{
	_Atomic uint64_t *last = &call->socket->last_way[way_of(call)];
	uint64_t word = load_relaxed(last);

	while (word != process_mine()) {
		*broken = lineage_unpack(word);
		if (lineage_judge_way(&process.lineage, way_of(call), *broken) ==
		    LINEAGE_WAY_VIOLATION)
			return true;
		if (compare_exchange_acq_rel(last, &word, process_mine())) {
			call->claimed_over = word;
			call->claimed_way = true;
			break;
		}
	}
	return false;
}

void use_unknown_unclaim(struct track_call *call)
{
	uint64_t word = process_mine();

	call->claimed_way = false;
	compare_exchange_acq_rel(&call->socket->last_way[way_of(call)], &word, call->claimed_over);
}
