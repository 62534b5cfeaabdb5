/* SPDX-License-Identifier: MIT */
/*
 * See use_parts.h.
 */
#include "track/use_parts.h"

#include "options/options.h"
#include "track/accessor.h"
#include "track/conversation.h"

bool use_is_unknown(const struct registry_socket *socket)
{
	enum protocol protocol = (enum protocol)load_relaxed(&socket->protocol);

	return protocol == PROTOCOL_OTHER ||
	       (protocol == PROTOCOL_UNKNOWN && load_relaxed(&socket->hint) == PROTOCOL_UNKNOWN);
}

enum finding_action use_default_action(void)
{
	switch (options.mode) {
	case MODE_STRICT:
		return ACTION_ABORTED;
	case MODE_ISOLATE:
		return options.dry_run ? ACTION_WOULD_ISOLATE : ACTION_REPORTED;
	case MODE_WARN:
	case MODE_COUNT:
		break;
	}
	return ACTION_REPORTED;
}

void use_calm(struct registry_socket *socket)
{
	uint64_t mine = process_mine();
	uint64_t word = mine | LINEAGE_ATTENTION;

	if (load_relaxed(&socket->protocol) != PROTOCOL_UNKNOWN)
		compare_exchange_acq_rel(&socket->last, &word, mine);
}

void use_publish(const struct track_call *call, struct lineage_use last)
{
	struct registry_socket *socket = call->socket;

	if (last.serial.n != 0 && !serial_is(last.serial, process.lineage.self.serial))
		accessor_stack(socket, FORKSAN_USE_STACKS_PER_PROCESS);
	else if (registry_other_holder(call->slot, process.shared))
		accessor_stack(socket, FORKSAN_SOUND_STACKS_PER_PROCESS);
}

bool use_may_be_goodbye(const struct track_call *call)
{
	return call->way == TRACK_WRITE && (call->unseen || conversation_is_opaque(call->socket)) &&
	       !registry_other_holder(call->slot, process.shared);
}

void use_name_message(struct track_call *call, const struct evidence_facts *facts)
{
	call->message = wire_message_name(
		facts->protocol, call->way == TRACK_WRITE ? WIRE_CLIENT : WIRE_SERVER, facts->code);
}

struct lineage_use use_take_lineage(const struct track_call *call)
{
	struct registry_socket *socket = call->socket;
	uint64_t word = load_relaxed(&socket->last);

	if (call->claimed)
		return lineage_unpack(call->claimed_over);
	if ((word & ~LINEAGE_ATTENTION) == process_mine())
		return lineage_unpack(word);
	use_publish(call, lineage_unpack(word));
	return lineage_unpack(exchange_acq_rel(&socket->last, process_mine() | LINEAGE_ATTENTION));
}

void use_count_unknown(struct registry_socket *socket)
{
	if (!(fetch_or_relaxed(&socket->flags, SOCKET_NOT_JUDGED) & SOCKET_NOT_JUDGED))
		registry_count(LOST_ANCESTORS);
}

enum lineage_verdict use_lineage(struct registry_socket *socket, struct lineage_use last)
{
	enum lineage_verdict verdict = lineage_judge(&process.lineage, last);

	if (verdict == LINEAGE_UNKNOWN)
		use_count_unknown(socket);
	return verdict;
}

FORKSAN_AT_START static void (*stop)(void);

void track_stop_by(void (*end)(void))
{
	stop = end;
}

_Noreturn void use_stop(struct track_call *call)
{
	conversation_leave(call);
	stop();
	__builtin_unreachable();
}
