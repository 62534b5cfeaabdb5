/* SPDX-License-Identifier: MIT */
/*
 * MySQL: parsing what the server sends, packet by packet; mysql_reply.c says what each packet is.
 *
 *   | length, 3 LE | sequence | payload ... |      the first packet of a reply has sequence 1
 *
 * A payload of 16 MiB - 1 goes on in the next packet.  Without a request come the greeting, an
 * error before the server hangs up, and the EOF of a reply that was taken for complete.
 *
 * Sources: MySQL Source Code Documentation, "MySQL Packets", "Sequence ID"; ERR_Packet with
 * ER_CLIENT_INTERACTION_TIMEOUT (8.0.24).  Run against MariaDB 10.11.
 */
#include "wire/mysql_reply.h"

/* State within a packet. */
enum { HEADER, BODY, REST };

/* Starts the first packet of a reply, or a packet that answers no request.  False: no packet can
 * come here. */
static bool take_first(struct wire_parser *parser, uint32_t len, uint8_t sequence,
		       const struct wire_request *head)
{
	struct wire_stream *s = &parser->stream[WIRE_SERVER];

	if (parser->flags & MYSQL_PARSER_EOF_MAYBE) {
		parser->flags &= (uint16_t)~MYSQL_PARSER_EOF_MAYBE;
		mysql_learn_eof(parser, sequence > 1 && len == MYSQL_EOF_BYTES);
		if (parser->flags & MYSQL_PARSER_EOF_USED) {
			s->flags = MYSQL_PACKET_NOTICE | MYSQL_PACKET_STRAY;
			return true;
		}
	}
	if (len == 0)
		return false;
	if (len == MYSQL_FULL_PACKET) {
		if (head == NULL || head->reply_kind != MYSQL_KIND_ROWS)
			return false;
		s->flags = MYSQL_PACKET_FULL;
	}
	if (head == NULL) {
		s->flags = MYSQL_PACKET_NOTICE;
		return true;
	}
	if (head->reply_kind == MYSQL_KIND_LOGIN) {
		s->phase = MYSQL_PHASE_LOGIN;
		return true;
	}
	s->phase = head->reply_kind == MYSQL_KIND_ROWS ? MYSQL_PHASE_ROWS : MYSQL_PHASE_FIRST;
	if (parser->flags & MYSQL_PARSER_SEQUENCE)
		parser->flags &= (uint16_t)~MYSQL_PARSER_SEQUENCE;
	else if (sequence != 1)
		return false;
	return true;
}

static bool take_header(struct wire_parser *parser, const struct wire_request *head)
{
	struct wire_stream *s = &parser->stream[WIRE_SERVER];
	uint32_t len = wire_le24(s->kept);
	uint8_t sequence = s->kept[3];

	s->have = 0;
	s->skip = len;
	s->state = BODY;
	if (s->phase == MYSQL_PHASE_BETWEEN)
		return take_first(parser, len, sequence, head);
	if (len == MYSQL_FULL_PACKET)
		s->flags |= MYSQL_PACKET_FULL;
	/* Only the rest of a full packet may be empty. */
	return len > 0 || (s->flags & MYSQL_PACKET_TAIL);
}

/* True for a packet that may come without a request: the greeting, an error before the server hangs
 * up, or the EOF of a reply that was taken for complete. */
static bool is_notice(const struct wire_parser *parser, const struct wire_stream *s)
{
	if (s->flags & MYSQL_PACKET_STRAY)
		return s->kept[0] == MYSQL_EOF;
	return (parser->flags & MYSQL_PARSER_OPENING) || s->kept[0] == MYSQL_ERR;
}

static uint16_t name_first(const struct wire_stream *s)
{
	switch (s->kept[0]) {
	case MYSQL_OK:
		return MYSQL_REPLY_OK;
	case MYSQL_ERR:
		return MYSQL_REPLY_ERR;
	case MYSQL_EOF:
		return MYSQL_REPLY_EOF;
	case MYSQL_LOCAL_INFILE:
		return MYSQL_REPLY_INFILE;
	}
	return s->flags & MYSQL_PACKET_NOTICE ? MYSQL_REPLY_GREETING : MYSQL_REPLY_RESULT;
}

/* Enough of the payload is kept: decides the next phase.  False: the packet cannot stand here. */
static bool take_body(struct wire_parser *parser, uint8_t reply_kind, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_SERVER];

	s->state = REST;
	if (s->flags & MYSQL_PACKET_TAIL)
		return true;
	if (s->flags & MYSQL_PACKET_NOTICE || s->phase == MYSQL_PHASE_FIRST ||
	    s->phase == MYSQL_PHASE_LOGIN)
		event->code = name_first(s);
	if (s->flags & MYSQL_PACKET_NOTICE) {
		event->kind = WIRE_NOTICE;
		event->begins = true;
		event->unmatched_error = s->kept[0] == MYSQL_ERR;
		return is_notice(parser, s);
	}
	s->next_phase = mysql_judge_packet(parser, s, reply_kind);
	return s->next_phase != MYSQL_PHASE_LAST;
}

/* The packet is complete. */
static void take_end(struct wire_parser *parser, const struct wire_request *head,
		     struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_SERVER];
	bool full = s->flags & MYSQL_PACKET_FULL, notice = s->flags & MYSQL_PACKET_NOTICE;

	stream_next(s);
	if (full) {
		s->flags = MYSQL_PACKET_TAIL;
		return;
	}
	if (notice) {
		event->ends = true;
		return;
	}
	s->phase = (uint8_t)s->next_phase;
	if (s->phase != MYSQL_PHASE_BETWEEN)
		return;
	stream_end(s);
	event->ends = true;
	if (!head || head->code != MYSQL_CODE_LOGIN)
		return;
	parser->flags &= (uint16_t)~MYSQL_PARSER_OPENING;
	event->changes_mode = (parser->flags & MYSQL_PARSER_COMPRESSES) != 0;
	event->next_mode = WIRE_MODE_COMPRESSED;
}

/* The kind of event to which the bytes of a packet belong, as far as the packet was read. */
static enum wire_event_kind kind_so_far(const struct wire_parser *parser,
					const struct wire_request *head)
{
	const struct wire_stream *s = &parser->stream[WIRE_SERVER];

	if (s->flags & MYSQL_PACKET_NOTICE)
		return s->state == REST ? WIRE_NOTICE : WIRE_NOTHING;
	if (head == NULL || (s->state == HEADER && (parser->flags & MYSQL_PARSER_EOF_MAYBE)))
		return WIRE_NOTHING;
	return WIRE_REPLY;
}

size_t mysql_parse_server(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			  const struct wire_request *head, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_SERVER];
	uint8_t reply_kind = head != NULL ? head->reply_kind : MYSQL_KIND_ONE;
	size_t used = 0;

	*event = (struct wire_event){.kind = kind_so_far(parser, head)};
	event->begins = event->kind == WIRE_REPLY && wire_at_boundary(s);
	/* Only a notice can be under way without a request. */
	if (s->phase >= MYSQL_PHASE_COUNT ||
	    (head == NULL && (s->phase != MYSQL_PHASE_BETWEEN ||
			      (s->state != HEADER && !(s->flags & MYSQL_PACKET_NOTICE)))))
		return stream_lost(event, len);
	if (s->state == HEADER) {
		used = stream_keep(s, MYSQL_HEADER_BYTES, bytes, len);
		if (s->have < MYSQL_HEADER_BYTES)
			return used;
		if (!take_header(parser, head))
			return stream_lost(event, len);
		event->kind = kind_so_far(parser, head);
	}
	while (s->state == BODY) {
		size_t want = mysql_wanted_bytes(s, reply_kind);
		size_t taken = stream_keep(s, want, bytes + used, len - used);

		used += taken;
		s->skip -= taken < s->skip ? taken : s->skip;
		if (s->have < want)
			return used;
		/* The first byte may ask for more. */
		if (mysql_wanted_bytes(s, reply_kind) <= want &&
		    !take_body(parser, reply_kind, event))
			return stream_lost(event, len);
	}
	if (s->state != REST)
		return stream_lost(event, len);
	used += stream_skip(s, len - used);
	if (s->skip == 0)
		take_end(parser, head, event);
	return used;
}
