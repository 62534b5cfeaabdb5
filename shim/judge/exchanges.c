/* SPDX-License-Identifier: MIT */
/*
 * Evidence of the protocols whose requests and replies are matched.
 *
 * Writes.  A process that writes while another process's request is not answered, or not even
 * complete, has written into that exchange.  Reads.  A process that takes bytes of the reply to
 * another process's request has crossed replies.  Both are proven when nothing overlapped, else
 * likely; and where calls overlapped a crossing is reported whenever one of the possible orders
 * makes one.
 */
#include "judge/exchanges.h"

#include "judge/align.h"
#include "judge/order.h"
#include "judge/queue.h"
#include "judge/turns.h"

static enum evidence_certainty certainty(const struct evidence_context *c, bool sure)
{
	uint8_t doubts = EVIDENCE_UNPROVABLE | EVIDENCE_ORDER_UNKNOWN;

	return sure && !(c->evidence->flags & doubts) ? EVIDENCE_PROVEN : EVIDENCE_LIKELY;
}

static void cross(struct evidence_context *c, enum evidence_crossing crossing, bool sure,
		  const struct evidence_entry *entry)
{
	evidence_cross(c, crossing, certainty(c, sure), EVIDENCE_MESSAGES, entry);
}

/* True when no request is outstanding, no message is half read or written, and no other call is
 * under way. */
static bool is_idle(const struct evidence_context *c)
{
	const struct evidence *evidence = c->evidence;

	return evidence->queued == 0 && !c->disordered && !c->overlaps_other &&
	       wire_at_boundary(&evidence->parser.stream[WIRE_CLIENT]) &&
	       wire_at_boundary(&evidence->parser.stream[WIRE_SERVER]);
}

/* --- losing track and finding it again ------------------------------------------------------ */

void evidence_lose(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	struct wire_parser *parser = &evidence->parser;

	if (evidence->state == EVIDENCE_PARSING || evidence->state == EVIDENCE_ALIGNING) {
		evidence->last = c->self->self;
		evidence->before = (struct lineage_use){{0}, 0};
		if (!(evidence->flags & EVIDENCE_ORDER_UNKNOWN))
			evidence->flags &= (uint8_t)~EVIDENCE_ORDER_ACROSS_PROCESSES;
		if (evidence->flags & EVIDENCE_PAIRING_SUSPECT)
			evidence->flags |= EVIDENCE_ORDER_ACROSS_PROCESSES;
		if (evidence_find_other(evidence, c->self) != NULL) {
			evidence->before = evidence_find_other(evidence, c->self)->owner;
			evidence->flags |= EVIDENCE_ORDER_ACROSS_PROCESSES;
		}
		if (c->overlaps || c->overlaps_other || c->facts->crossing != EVIDENCE_NOT_CROSSED)
			evidence->flags |= EVIDENCE_ORDER_ACROSS_PROCESSES;
	}
	evidence->state = EVIDENCE_LOST;
	evidence->flags |= EVIDENCE_UNPROVABLE;
	evidence->flags &= (uint8_t) ~(EVIDENCE_ORDER_UNKNOWN | EVIDENCE_REPLY_MAY_BE_UNSENT);
	evidence->queued = 0;
	wire_parser_resume(parser, (enum protocol)parser->protocol, (enum wire_mode)parser->mode);
}

/* While track is lost, only the users of the connection are known; of several processes any use may
 * cross an exchange of another. */
static void note_lost_use(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;

	if (!evidence_owns(c->self, evidence->last)) {
		evidence->before = evidence->last;
		evidence->flags |= EVIDENCE_ORDER_ACROSS_PROCESSES;
	}
	evidence->last = c->self->self;
	if (evidence->flags & EVIDENCE_ORDER_ACROSS_PROCESSES) {
		bool reads = c->operation->direction == WIRE_SERVER;
		struct evidence_entry entry = {.owner = evidence->before,
					       .flags = EVIDENCE_UNDATED};

		evidence_cross(c, reads ? EVIDENCE_READ : EVIDENCE_WROTE, EVIDENCE_LIKELY,
			       EVIDENCE_ALTERNATION, entry.owner.serial.n != 0 ? &entry : NULL);
		if (reads)
			c->facts->replies_crossed = 1;
	}
}

/* --- writes -------------------------------------------------------------------------------- */

/* True for a request from before a fork, which parent and child both have until one of the two goes
 * on with the request. */
static bool is_shared(const struct evidence_context *c, const struct evidence_entry *entry)
{
	return !serial_is(entry->owner.serial, c->self->self.serial) ||
	       entry->owner.epoch != c->self->self.epoch;
}

static bool any_is_shared(const struct evidence_context *c)
{
	for (size_t i = 0; i < c->evidence->queued; i++) {
		if (is_shared(c, &c->evidence->queue[i]))
			return true;
	}
	return false;
}

/* Reports a write that falls into another process's exchange; called before the bytes are
 * parsed. */
static void judge_write(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	const struct evidence_entry *other = evidence_find_other(evidence, c->self);
	bool alone = !c->overlaps && !c->overlaps_other;

	if (!wire_at_boundary(&evidence->parser.stream[WIRE_CLIENT]) &&
	    !evidence_owns(c->self, evidence->writer)) {
		struct evidence_entry entry = {.owner = evidence->writer,
					       .flags = EVIDENCE_UNDATED};

		cross(c, EVIDENCE_WROTE, !c->overlaps, other != NULL ? other : &entry);
	} else if (other != NULL) {
		cross(c, EVIDENCE_WROTE, alone && !(other->flags & EVIDENCE_UNSURE), other);
	} else if (c->overlaps || c->finished_meanwhile || evidence_is_unsure(evidence) ||
		   (c->overlaps_other && any_is_shared(c))) {
		/* The other process's request may have been first, and the reply to that request
		 * unread. */
		cross(c, EVIDENCE_WROTE, false, NULL);
	}
}

/* Bytes that join the last request.  If the request belonged to the lineage of the writer, the
 * request is the writer's own from here on; a request that two processes write has a reply of
 * uncertain owner. */
static void go_on(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	struct evidence_entry *last;

	evidence->flags |= EVIDENCE_JOINS_LAST;
	if (evidence->queued == 0)
		return;
	last = &evidence->queue[evidence->queued - 1];
	if (evidence_owns(c->self, last->owner) && !c->overlaps) {
		evidence_take_over(evidence, true, c->self->self);
		return;
	}
	evidence_mark_unsure(evidence);
	evidence->flags |= EVIDENCE_UNPROVABLE;
}

static void identify_request(struct evidence_context *c, const struct wire_event *event)
{
	struct evidence *evidence = c->evidence;
	struct evidence_facts *facts = c->facts;
	uint8_t flags = c->overlaps ? EVIDENCE_UNSURE : 0;

	if (facts->code == 0) {
		facts->code = event->code;
		facts->protocol = event->protocol;
	}
	if (event->goodbye > facts->goodbye)
		facts->goodbye = event->goodbye;
	switch (event->exchange) {
	case WIRE_ALONE:
		break;
	case WIRE_JOINS:
		go_on(c);
		break;
	case WIRE_OPENS:
		evidence->flags |= EVIDENCE_JOINS_LAST;
		if ((evidence->flags & EVIDENCE_REPLY_MAY_BE_UNSENT) &&
		    event->request.reply_kind != evidence->unsent_kind)
			evidence->flags |= EVIDENCE_UNPROVABLE;
		if (!evidence_push(evidence, evidence->writer, c->operation->time_ns,
				   event->request, flags))
			evidence_lose(c);
		break;
	}
}

static void take_request(struct evidence_context *c, const struct wire_event *event)
{
	struct evidence *evidence = c->evidence;

	if (event->begins)
		evidence->flags &= (uint8_t)~EVIDENCE_JOINS_LAST;
	if (event->begins || evidence_owns(c->self, evidence->writer))
		evidence->writer = c->self->self;
	if (event->identified)
		identify_request(c, event);
	else if (event->exchange == WIRE_JOINS || (evidence->flags & EVIDENCE_JOINS_LAST))
		go_on(c);
}

/* --- reads --------------------------------------------------------------------------------- */

/* True when the server's bytes may answer a write of another process that is not recorded yet, or
 * not complete. */
static bool may_answer_unrecorded(const struct evidence_context *c)
{
	const struct evidence *evidence = c->evidence;

	return c->overlaps || c->overlaps_other ||
	       (!wire_at_boundary(&evidence->parser.stream[WIRE_CLIENT]) &&
		!evidence_owns(c->self, evidence->writer));
}

/* Loses track in the middle of an operation; reports a crossing if other processes may have had a
 * part in the bytes that could not be parsed. */
static void lose_here(struct evidence_context *c)
{
	const struct evidence_entry *other = evidence_find_other(c->evidence, c->self);
	bool reads = c->operation->direction == WIRE_SERVER;

	if (c->overlaps || other != NULL || (reads && may_answer_unrecorded(c)) ||
	    (c->evidence->flags & (EVIDENCE_ORDER_ACROSS_PROCESSES | EVIDENCE_PAIRING_SUSPECT))) {
		cross(c, reads ? EVIDENCE_READ : EVIDENCE_WROTE, false, other);
		if (reads && c->facts->replies_crossed == 0)
			c->facts->replies_crossed = 1;
	}
	evidence_lose(c);
}

/* A reply was paired with a request that may not be the first.  The pairing of later replies is
 * uncertain until nothing is outstanding; and for good when the reply may answer a request of
 * another reply kind, which is recorded or is being written. */
static void note_order_unknown(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	uint8_t reply_kind = evidence->queue[0].request.reply_kind;

	if ((evidence->flags & EVIDENCE_REPLY_MAY_BE_UNSENT) && evidence->unsent_kind != reply_kind)
		evidence->flags |= EVIDENCE_UNPROVABLE;
	if (c->writing) {
		evidence->flags |= EVIDENCE_REPLY_MAY_BE_UNSENT;
		evidence->unsent_kind = reply_kind;
	}
	evidence->flags |= EVIDENCE_ORDER_UNKNOWN | EVIDENCE_ORDER_ACROSS_PROCESSES;
	for (size_t i = 1; i < evidence->queued; i++) {
		if ((evidence->queue[i].flags & EVIDENCE_UNSURE) &&
		    evidence->queue[i].request.reply_kind != reply_kind)
			evidence->flags |= EVIDENCE_UNPROVABLE;
	}
}

/* Reports bytes of the reply to the first entry, if the entry is another process's request. */
static void judge_reply(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	struct evidence_entry *head = &evidence->queue[0];
	bool shared = is_shared(c, head);
	const struct evidence_entry *other;

	head->flags |= EVIDENCE_BEGUN;
	if (head->flags & EVIDENCE_UNSURE)
		note_order_unknown(c);
	if (!evidence_owns(c->self, head->owner)) {
		cross(c, EVIDENCE_READ, !c->overlaps && !(head->flags & EVIDENCE_UNSURE), head);
		if (!(head->flags & EVIDENCE_STOLEN))
			c->facts->replies_crossed++;
		head->flags |= EVIDENCE_STOLEN;
		return;
	}
	other = evidence_find_other(evidence, c->self);
	/* Another process that inherited the same request may have gone on with it meanwhile. */
	if (head->flags & EVIDENCE_UNSURE || (shared && (c->overlaps || c->overlaps_other)) ||
	    (c->overlaps && (other != NULL || c->finished_meanwhile || c->overlaps_other))) {
		head->flags |= EVIDENCE_UNSURE;
		note_order_unknown(c);
		cross(c, EVIDENCE_READ, false, other);
		if (!(head->flags & EVIDENCE_STOLEN))
			c->facts->replies_crossed++;
		head->flags |= EVIDENCE_STOLEN;
		return;
	}
	evidence_take_over(evidence, false, c->self->self);
}

static void take_reply(struct evidence_context *c, const struct wire_event *event)
{
	struct evidence *evidence = c->evidence;
	struct serial owner;

	while (event->skips_no_reply && evidence->queued > 0 && evidence->queue[0].request.no_reply)
		evidence_remove(evidence, 0);
	if (evidence->queued == 0)
		return;
	owner = evidence->queue[0].owner.serial;
	judge_reply(c);
	if (!event->ends)
		return;
	/* The reply ended before the request did: the end of the request is not recorded yet. */
	if (c->writing && evidence->queued == 1 && evidence->queue[0].count == 1 &&
	    wire_request_open(&evidence->parser)) {
		lose_here(c);
		return;
	}
	if (evidence_owns(c->self, evidence->queue[0].owner))
		owner = c->self->self.serial;
	evidence_note(evidence->finished, owner, load_relaxed(&evidence->sequence));
	evidence_pop(evidence);
}

/* --- one operation ------------------------------------------------------------------------- */

/* Bytes of the server that are too few to identify: reported if the bytes may answer another
 * process. */
static void judge_unidentified(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;

	if (c->operation->direction != WIRE_SERVER)
		return;
	if (evidence->queued > 0) {
		if (!evidence_owns(c->self, evidence->queue[0].owner))
			cross(c, EVIDENCE_READ, false, evidence_find_other(evidence, c->self));
	} else if (may_answer_unrecorded(c)) {
		cross(c, EVIDENCE_READ, false, NULL);
		evidence->flags |= EVIDENCE_ORDER_UNKNOWN | EVIDENCE_ORDER_ACROSS_PROCESSES |
				   EVIDENCE_UNPROVABLE;
	}
}

static void take_event(struct evidence_context *c, const struct wire_event *event)
{
	switch (event->kind) {
	case WIRE_NOTHING:
		judge_unidentified(c);
		break;
	case WIRE_REQUEST:
		take_request(c, event);
		break;
	case WIRE_REPLY:
		take_reply(c, event);
		break;
	case WIRE_NOTICE:
		if (event->code != 0 && c->facts->code == 0) {
			c->facts->code = event->code;
			c->facts->protocol = event->protocol;
		}
		if (event->retires)
			evidence_pop(c->evidence);
		/* If the error answered a request that is still being written, the pairing of
		 * that request is lost for good. */
		if (event->unmatched_error &&
		    (c->evidence->queued > 0 || may_answer_unrecorded(c) || c->writing))
			lose_here(c);
		break;
	case WIRE_LOST:
		break;
	}
}

static void parse(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	struct evidence_bytes at = evidence_bytes_of(c->operation);
	const uint8_t *bytes;
	size_t len;

	do {
		if (!evidence_next_chunk(c->operation, &at, &bytes, &len)) {
			lose_here(c);
			return;
		}
		while (len > 0) {
			struct wire_event event;
			size_t used = wire_parse(&evidence->parser, c->operation->direction, bytes,
						 len, evidence_head(evidence), &event);

			take_event(c, &event);
			if (event.kind == WIRE_LOST)
				lose_here(c);
			if (evidence->state == EVIDENCE_LOST)
				return;
			bytes += used;
			len -= used;
		}
	} while (at.left > 0);
}

/* Reports an operation after bytes were parsed in an order that may be wrong, if other processes
 * had a part in those bytes. */
static void judge_unknown_order(struct evidence_context *c, const struct evidence_entry *other)
{
	bool reads = c->operation->direction == WIRE_SERVER;

	if (other != NULL || c->overlaps || c->overlaps_other ||
	    (c->evidence->flags & (EVIDENCE_ORDER_ACROSS_PROCESSES | EVIDENCE_PAIRING_SUSPECT)))
		cross(c, reads ? EVIDENCE_READ : EVIDENCE_WROTE, false, other);
}

/* Parses the bytes.  Where the place of the bytes among those of other calls is not known, only
 * whole messages are safe. */
static void parse_in_order(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	const struct wire_stream *stream = &evidence->parser.stream[c->operation->direction];
	const struct evidence_entry *other = evidence_find_other(evidence, c->self);
	struct evidence_entry seen = {0};
	bool whole = wire_at_boundary(stream);
	/* Replies of different kinds are misread when parsed in another order than the kernel
	 * delivered, and a span of text can look like a whole reply. */
	bool alike = c->operation->direction == WIRE_CLIENT ||
		     (evidence_are_alike(evidence) && wire_replies_are_marked(&evidence->parser));

	if (other != NULL)
		seen = *other;
	if (c->operation->direction == WIRE_CLIENT && c->overlaps)
		evidence_mark_unsure_since(evidence, c->operation->ticket.sequence);
	parse(c);
	if (evidence->state == EVIDENCE_LOST)
		return;
	whole = whole && wire_at_boundary(stream);
	if (c->disordered && !(whole && alike))
		evidence->flags |= EVIDENCE_ORDER_UNKNOWN | EVIDENCE_UNPROVABLE;
	if (c->overlaps && !(whole && alike))
		evidence->flags |= EVIDENCE_ORDER_ACROSS_PROCESSES;
	if (evidence->flags & (EVIDENCE_ORDER_UNKNOWN | EVIDENCE_PAIRING_SUSPECT))
		judge_unknown_order(c, other != NULL ? &seen : NULL);
	if ((evidence->flags & EVIDENCE_ORDER_UNKNOWN) && is_idle(c)) {
		if ((evidence->flags & EVIDENCE_ORDER_ACROSS_PROCESSES) &&
		    (evidence->flags & EVIDENCE_UNPROVABLE))
			evidence->flags |= EVIDENCE_PAIRING_SUSPECT;
		evidence->flags &=
			(uint8_t) ~(EVIDENCE_ORDER_UNKNOWN | EVIDENCE_ORDER_ACROSS_PROCESSES |
				    EVIDENCE_REPLY_MAY_BE_UNSENT);
	}
}

/* Parses an exchange after which track may be found again: one process alone must have used the
 * exchange. */
static void parse_on_probation(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	uint8_t before = evidence->flags;

	note_lost_use(c);
	if (c->disordered || c->overlaps_other ||
	    (evidence->flags & ~before & EVIDENCE_ORDER_ACROSS_PROCESSES)) {
		evidence_lose(c);
		return;
	}
	parse(c);
	if (evidence->state != EVIDENCE_PROBATION || c->operation->direction == WIRE_CLIENT ||
	    !is_idle(c))
		return;
	evidence->state = EVIDENCE_PARSING;
	if (evidence->flags & EVIDENCE_ORDER_ACROSS_PROCESSES)
		evidence->flags |= EVIDENCE_PAIRING_SUSPECT;
	evidence->flags &= (uint8_t)~EVIDENCE_ORDER_ACROSS_PROCESSES;
}

/* Looks for a write after which track may be found again: undisturbed, and whole messages to the
 * last byte. */
static void try_again(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;

	note_lost_use(c);
	if (c->operation->direction != WIRE_CLIENT || c->disordered || c->overlaps_other ||
	    !evidence_align(c, true))
		return;
	if (evidence->parser.mode != WIRE_MODE_EXCHANGES) {
		evidence->state = EVIDENCE_PARSING;
		evidence_take_turn(c);
		return;
	}
	evidence->state = EVIDENCE_PROBATION;
	parse(c);
}

/* The first operations after a fork. */
static void align(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;

	if (c->operation->direction == WIRE_SERVER) {
		/* Before any request: notices, or the end of an exchange from before the fork. */
		if (evidence->parser.mode != WIRE_MODE_EXCHANGES) {
			evidence_take_turn(c);
			return;
		}
		parse_in_order(c);
		if (evidence->state == EVIDENCE_LOST &&
		    !(evidence->flags & EVIDENCE_ORDER_ACROSS_PROCESSES))
			evidence->state = EVIDENCE_ALIGNING;
		return;
	}
	if (c->overlaps && evidence->parser.mode == WIRE_MODE_EXCHANGES)
		judge_write(c);
	if (!evidence_align(c, c->disordered)) {
		evidence_lose(c);
		if (evidence->parser.mode != WIRE_MODE_EXCHANGES)
			evidence_take_turn(c);
		return;
	}
	evidence->state = EVIDENCE_PARSING;
	if (evidence->parser.mode != WIRE_MODE_EXCHANGES) {
		evidence_take_turn(c);
		return;
	}
	parse_in_order(c);
}

void evidence_exchange(struct evidence_context *c)
{
	switch ((enum evidence_state)c->evidence->state) {
	case EVIDENCE_OFF:
		break;
	case EVIDENCE_ALIGNING:
		align(c);
		break;
	case EVIDENCE_PARSING:
		if (c->operation->direction == WIRE_CLIENT)
			judge_write(c);
		parse_in_order(c);
		break;
	case EVIDENCE_LOST:
		try_again(c);
		break;
	case EVIDENCE_PROBATION:
		parse_on_probation(c);
		break;
	}
}
