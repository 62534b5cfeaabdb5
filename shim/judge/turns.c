/* SPDX-License-Identifier: MIT */
/*
 * Evidence of conversations that cannot be parsed: TLS, compression, and protocols of which only
 * the first bytes are known.
 *
 * Only the directions are known.  An entry of the queue stands for all bytes that one process wrote
 * until some process read: a turn.
 *
 *   a read right after another process's writes takes the reply to those writes
 *   a write while another process's turn has had no byte of reply falls into that turn
 *   a turn whose owner has begun to read is taken for over when another process goes on
 *   a goodbye, known by the size, is no turn, and ends the unanswered turn of the same process
 *
 * Turns are evidence, never proof.  Where servers send unasked as a matter of course (brokers), a
 * read says nothing, and no turns are kept.
 */
#include "judge/turns.h"

#include "judge/align.h"
#include "judge/queue.h"

static void cross(struct evidence_context *c, enum evidence_crossing crossing,
		  const struct evidence_entry *entry)
{
	evidence_cross(c, crossing, EVIDENCE_LIKELY, EVIDENCE_ALTERNATION, entry);
	if (crossing == EVIDENCE_READ && c->facts->replies_crossed == 0)
		c->facts->replies_crossed = 1;
}

/* --- names and goodbyes --------------------------------------------------------------------- */

static void note_message(struct evidence_context *c, const struct wire_event *event)
{
	struct evidence_facts *facts = c->facts;

	if (event->kind != WIRE_REQUEST || !event->identified)
		return;
	if (facts->code == 0 && event->code != 0) {
		facts->code = event->code;
		facts->protocol = event->protocol;
	}
	if (event->goodbye > facts->goodbye)
		facts->goodbye = event->goodbye;
}

/* Parses the bytes of the client for names and goodbyes.  False: the bytes are no messages, or the
 * shim did not see the bytes. */
static bool parse(struct evidence_context *c)
{
	struct wire_parser *parser = &c->evidence->parser;
	struct evidence_bytes at = evidence_bytes_of(c->operation);
	const uint8_t *bytes;
	size_t len;

	do {
		if (!evidence_next_chunk(c->operation, &at, &bytes, &len))
			return false;
		while (len > 0) {
			struct wire_event event;
			size_t used = wire_parse(parser, WIRE_CLIENT, bytes, len, NULL, &event);

			if (event.kind == WIRE_LOST)
				return false;
			note_message(c, &event);
			bytes += used;
			len -= used;
		}
	} while (at.left > 0);
	return true;
}

static void name_by_first_word(struct evidence_context *c)
{
	struct evidence_bytes at = evidence_bytes_of(c->operation);
	const uint8_t *bytes;
	struct wire_event event;
	size_t len;

	if (evidence_next_chunk(c->operation, &at, &bytes, &len) && len > 0 &&
	    wire_identify_text((enum protocol)c->evidence->parser.protocol, bytes, len, &event))
		note_message(c, &event);
}

static void name_messages(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	struct wire_parser *parser = &evidence->parser;

	if (parser->mode == WIRE_MODE_OPAQUE) {
		name_by_first_word(c);
		return;
	}
	/* After a loss every write may begin a message again, in another mode, too: an upgrade to
	 * TLS within the protocol is such a loss. */
	if (evidence->state != EVIDENCE_LOST && parse(c))
		return;
	evidence->state = EVIDENCE_LOST;
	wire_parser_resume(parser, (enum protocol)parser->protocol, (enum wire_mode)parser->mode);
	if (evidence_align(c, true)) {
		evidence->state = EVIDENCE_PARSING;
		parse(c);
	}
}

/* --- turns --------------------------------------------------------------------------------- */

static bool owns(const struct evidence_context *c, const struct evidence_entry *entry)
{
	return evidence_owns(c->self, entry->owner);
}

/* Takes out the turns that are over because this process goes on: turns of others that were
 * answered, and a turn whose reply this process has taken. */
static void end_turns(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;

	for (size_t i = evidence->queued; i-- > 0;) {
		const struct evidence_entry *entry = &evidence->queue[i];

		if ((entry->flags & EVIDENCE_STOLEN) ||
		    ((entry->flags & EVIDENCE_BEGUN) && !owns(c, entry)))
			evidence_remove(evidence, i);
	}
}

/* A write that ends the session asks for no reply, and neither does the unanswered turn of the
 * process just before: that is the goodbye of the protocol inside, which TLS hides. */
static void take_goodbye(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	size_t n = evidence->queued;

	if (n > 0 && owns(c, &evidence->queue[n - 1]) &&
	    !(evidence->queue[n - 1].flags & EVIDENCE_BEGUN))
		evidence_remove(evidence, n - 1);
}

static void take_write(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	struct evidence_entry *last;

	end_turns(c);
	for (size_t i = 0; i < evidence->queued; i++) {
		if (!owns(c, &evidence->queue[i]))
			cross(c, EVIDENCE_WROTE, &evidence->queue[i]);
	}
	if (c->overlaps)
		cross(c, EVIDENCE_WROTE, NULL);
	last = evidence->queued > 0 ? &evidence->queue[evidence->queued - 1] : NULL;
	if (last != NULL && owns(c, last) && !(last->flags & EVIDENCE_BEGUN)) {
		last->owner = c->self->self;
		return;
	}
	/* The turn of this process, if answered, is over. */
	for (size_t i = evidence->queued; i-- > 0;) {
		if (evidence->queue[i].flags & EVIDENCE_BEGUN)
			evidence_remove(evidence, i);
	}
	if (evidence->queued == EVIDENCE_QUEUE)
		evidence_remove(evidence, 0);
	evidence_push(evidence, c->self->self, c->operation->time_ns,
		      (struct wire_request){.code = c->facts->code}, 0);
}

static void take_read(struct evidence_context *c)
{
	struct evidence *evidence = c->evidence;
	struct evidence_entry *first = &evidence->queue[0];
	bool goes_on = evidence_owns(c->self, evidence->last);

	if (!goes_on)
		end_turns(c);
	evidence->last = c->self->self;
	if (evidence->queued == 0)
		return;
	/* The thief of a reply goes on reading it. */
	if (first->flags & EVIDENCE_STOLEN)
		return;
	if (!owns(c, first)) {
		cross(c, EVIDENCE_READ, first);
		first->flags |= EVIDENCE_BEGUN | EVIDENCE_STOLEN;
		return;
	}
	first->flags |= EVIDENCE_BEGUN;
	first->owner = c->self->self;
	if (c->overlaps && evidence_find_other(evidence, c->self) != NULL)
		cross(c, EVIDENCE_READ, evidence_find_other(evidence, c->self));
}

void evidence_take_turn(struct evidence_context *c)
{
	bool writes = c->operation->direction == WIRE_CLIENT;

	if (writes)
		name_messages(c);
	if (wire_server_pushes((enum protocol)c->evidence->parser.protocol))
		return;
	if (!writes)
		take_read(c);
	else if (c->facts->goodbye != WIRE_NO_GOODBYE)
		take_goodbye(c);
	else
		take_write(c);
}
