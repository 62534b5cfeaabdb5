/* SPDX-License-Identifier: MIT */
/*
 * See use_report.h.
 */
#include "track/use_report.h"

#include "base/compiler.h"
#include "report/finding.h"
#include "track/accessor.h"
#include "track/isolate.h"
#include "track/use_parts.h"

void use_report_action(const struct track_call *call, struct text *text,
		       struct finding_cause *cause)
{
	static const char *const said[ACTION_COUNT] = {
		[ACTION_ABORTED] = "; strict mode aborts this process",
		[ACTION_ISOLATED] = "; isolate mode has closed the connection, for this process "
				    "alone",
		[ACTION_HELD_BACK] = "; isolate mode holds the goodbye back, and the session goes "
				     "on",
		[ACTION_WOULD_ISOLATE] = "; isolate mode would close the connection, for this "
					 "process alone",
		[ACTION_NOT_ISOLATED] = "; isolate mode found no descriptor to put in its place",
	};

	if (said[call->action])
		text_put_string(text, said[call->action]);
	cause->action = call->action;
	if (call->local) {
		cause->local = &call->local->address;
		cause->local_len_bytes = call->local->len_bytes;
	}
}

static const char *violation_text(const struct track_call *call,
				  const struct registry_process *other)
{
	if (use_is_unknown(call->socket))
		return "nobody knows the protocol, but two processes take bytes from the "
		       "connection: what one takes the other does not get";
	if (!other)
		return "another process used the connection since this process's memory was copied";
	switch (finding_relation(other)) {
	case RELATION_CHILD:
		return "the child used the connection after the fork; this process's driver state "
		       "knows nothing of it";
	case RELATION_DESCENDANT:
		return "a descendant used the connection after the fork; this process's driver "
		       "state knows nothing of it";
	case RELATION_PARENT:
		return "the parent used the connection again after it forked this process, whose "
		       "driver state is older";
	case RELATION_ANCESTOR:
		return "an ancestor used the connection again after it forked towards this "
		       "process, "
		       "whose driver state is older";
	case RELATION_SIBLING:
		if (registry_process_alive(other))
			break;
		return "its predecessor used the connection and has ended; this process's memory "
		       "is a copy of its parent's, which never saw that use";
	case RELATION_NONE:
	case RELATION_RELATIVE:
	case RELATION_UNRELATED:
	case RELATION_COUNT:
		break;
	}
	return "two processes with separate driver states speak on one connection";
}

/* This process's stack as the slot holds it, or a fresh one. */
static struct stack_id own_stack(struct registry_socket *socket)
{
	struct stack_id stack = accessor_latest_stack(socket, process.lineage.self.serial);

	return stack.n != 0 ? stack : accessor_stack(socket, FORKSAN_USE_STACKS_PER_PROCESS);
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
		.this_use = own_stack(socket),
		.other_use = accessor_latest_stack(socket, last.serial),
		.message = call->message,
	};
}

noinline void use_report_violation(const struct track_call *call, struct lineage_use last,
				   int64_t moved)
{
	struct finding_cause cause = cause_of(call, last, moved);

	const struct registry_process *changer =
		registry_find_process((struct serial){load_relaxed(&call->socket->unblocked_by)});
	char sentence[USE_SENTENCE_BYTES];
	struct text text;

	text_init(&text, sentence, sizeof sentence);
	text_put_string(&text, violation_text(call, registry_find_process(last.serial)));
	if (changer) {
		text_put_string(&text, "; process ");
		text_put_int(&text, load_relaxed(&changer->pid));
		text_put_string(&text, " changed O_NONBLOCK while another was inside a call");
	}
	use_report_action(call, &text, &cause);
	if (call->was_deferred && call->action != ACTION_REPORTED)
		text_put_string(&text, " now that it reads: the write had gone out, since inside "
				       "TLS it could have been a goodbye");
	if (call->action == ACTION_ISOLATED)
		registry_count(COUNT_ISOLATED);
	else if (call->action == ACTION_WOULD_ISOLATE)
		registry_count(COUNT_WOULD_ISOLATE);
	cause.kind = KIND_SHARED_USE;
	cause.text = sentence;
	registry_count(COUNT_USES_VIOLATION);
	finding_report(&cause);
}

noinline void use_report_hazard(const struct track_call *call, struct lineage_use last,
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

noinline void use_report_look(const struct track_call *call, struct lineage_use last)
{
	struct finding_cause cause = cause_of(call, last, 0);
	char sentence[USE_SENTENCE_BYTES];
	struct text text;

	text_init(&text, sentence, sizeof sentence);
	text_put_string(&text, "this process asks whether the connection is alive, which another "
			       "process has used since this process's memory was copied");
	use_report_action(call, &text, &cause);
	cause.kind = KIND_INHERITED_USE;
	cause.text = sentence;
	registry_count(COUNT_ISOLATED);
	registry_count(COUNT_USES_HAZARD);
	finding_report(&cause);
}

/* `request`: its name, NULL where it has none.  `guess`: nobody knows of a request, but that
 * another process speaks on the connection, too. */
static void put_crossing(struct text *text, const struct evidence_facts *facts, const char *request,
			 const struct registry_process *other, bool guess)
{
	bool reads = facts->crossing == EVIDENCE_READ;

	if (guess) {
		text_put_string(text, reads ? "this process took bytes, perhaps of a reply to "
					    : "this process wrote, perhaps into an exchange of ");
		text_put_string(text, other ? "process " : "another process");
		if (other)
			text_put_int(text, load_relaxed(&other->pid));
		text_put_string(text, ", which uses the connection too");
		return;
	}
	text_put_string(text, reads ? "this process took bytes of the reply to "
				    : "this process wrote into the unfinished exchange of ");
	text_put_string(text, request ? request : "a request");
	text_put_string(text, other ? " that process " : " that another process");
	if (other)
		text_put_int(text, load_relaxed(&other->pid));
	text_put_string(text, " sent");
}

noinline void use_report_crossing(const struct track_call *call, const struct evidence_facts *facts,
				  struct lineage_use last, int64_t moved)
{
	/* Where the evidence has lost track of whose exchange it was, the latest other accessor is
	 * named instead; such a crossing is likely, never proven. */
	struct lineage_use whose = facts->other.serial.n != 0 ? facts->other : last;
	struct finding_cause cause;
	const struct registry_process *other;
	/* Not every protocol has names for its replies; the facts of a reply without a name hold no
	 * protocol. */
	enum protocol protocol = facts->protocol != PROTOCOL_UNKNOWN
					 ? facts->protocol
					 : registry_socket_protocol(call->socket);
	const char *request = wire_message_name(protocol, WIRE_CLIENT, facts->other_code);
	char sentence[256];
	struct text text;

	if (whose.serial.n == 0 || serial_is(whose.serial, process.lineage.self.serial))
		whose.serial = accessor_latest_other(call->socket, process.lineage.self.serial);
	cause = cause_of(call, whose, moved);
	other = registry_find_process(whose.serial);
	text_init(&text, sentence, sizeof sentence);
	put_crossing(&text, facts, request, other,
		     facts->certainty == EVIDENCE_LIKELY && !request && facts->other_age_ns == 0);
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
	finding_report(&cause);
}
