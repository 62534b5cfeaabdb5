/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL: parsing requests and replies.
 *
 *   message   | type | length, 4 BE, itself included | ...        both directions
 *   opening   | length, 4 BE | code, 4 BE | ...                   client, before the login
 *   SSL       "S" or "N" (GSS "G")                                server, one byte
 *
 *   client: a request is                         server: its reply goes on until
 *     StartupMessage, passwords ('p')              'Z' ReadyForQuery
 *     'Q' Query, 'F' FunctionCall                  'Z'
 *     'P' 'B' 'D' 'E' 'C' 'H' ... up to 'S' Sync   'Z'
 *     'X' Terminate                                nothing
 *     'd' 'c' 'f' CopyData, CopyDone, CopyFail: part of the request that was answered 'G' or 'W'
 *
 *   server, unasked at any time: 'N' NoticeResponse, 'S' ParameterStatus, 'A' NotificationResponse;
 *   'E' with nothing outstanding comes from a server that shuts down.
 *
 * A Sync that was sent with an Execute whose answer is 'G' (CopyIn) is ignored by the server; the
 * one after CopyDone counts.
 *
 * Sources: PostgreSQL documentation, "Message Flow" (Start-up, Simple Query, Extended Query,
 * Function Call, COPY Operations, Asynchronous Operations, Termination, SSL Session Encryption) and
 * "Message Formats".  Run against PostgreSQL 15 and PgBouncer 1.18.
 */
#include "wire/postgresql.h"

#define HEADER_BYTES 5
#define OPENING_BYTES 8
#define MAX_OPENING 10000
#define MAX_MESSAGE 0x40000000u /* 1 GiB, the server's own bound (MaxAllocSize) */

#define CODE_STARTUP_MAJOR 3
#define CODE_CANCEL 80877102u
#define CODE_SSL 80877103u
#define CODE_GSS 80877104u

enum postgresql_reply_kind {
	KIND_READY, /* up to ReadyForQuery */
	KIND_BYTE,  /* one byte: the answer to SSLRequest and GSSENCRequest */
};

/* State within a message. */
enum { HEADER, REST };

/* Phase of the server's stream. */
enum { BETWEEN, REPLYING };

static void open_request(struct wire_event *event, uint16_t code, uint8_t reply_kind)
{
	event->exchange = WIRE_OPENS;
	event->code = code;
	event->request = (struct wire_request){code, reply_kind, 0};
}

static bool identify_opening(struct wire_parser *parser, struct wire_stream *s,
			     struct wire_event *event)
{
	uint32_t len = wire_be32(s->kept), code = wire_be32(s->kept + 4);

	if (len < OPENING_BYTES || len > MAX_OPENING)
		return false;
	s->skip = len - OPENING_BYTES;
	event->identified = true;
	switch (code) {
	case CODE_SSL:
		open_request(event, POSTGRESQL_CODE_SSL, KIND_BYTE);
		return true;
	case CODE_GSS:
		open_request(event, POSTGRESQL_CODE_GSS, KIND_BYTE);
		return true;
	case CODE_CANCEL:
		event->exchange = WIRE_ALONE;
		event->code = POSTGRESQL_CODE_CANCEL;
		return true;
	}
	if (code >> 16 != CODE_STARTUP_MAJOR)
		return false;
	parser->flags &= (uint16_t)~POSTGRESQL_PARSER_OPENING;
	parser->flags |= POSTGRESQL_PARSER_STARTING;
	open_request(event, POSTGRESQL_CODE_STARTUP, KIND_READY);
	return true;
}

/* A message of the extended protocol: opens a group or joins the open one. */
static void identify_extended(struct wire_parser *parser, uint8_t type, bool waiting,
			      struct wire_event *event)
{
	/* The entry of the group leaves the queue only with ReadyForQuery. */
	if ((parser->flags & POSTGRESQL_PARSER_GROUP) && waiting)
		return;
	parser->flags |= POSTGRESQL_PARSER_GROUP;
	open_request(event, type, KIND_READY);
}

static bool identify_message(struct wire_parser *parser, struct wire_stream *s, bool waiting,
			     struct wire_event *event)
{
	uint8_t type = s->kept[0];
	uint32_t len = wire_be32(s->kept + 1);

	if (len < 4 || len > MAX_MESSAGE)
		return false;
	s->skip = len - 4;
	event->identified = true;
	event->code = type;
	event->exchange = WIRE_JOINS;
	switch (type) {
	case 'Q':
	case 'F':
		open_request(event, type, KIND_READY);
		return true;
	case 'P':
	case 'B':
	case 'C':
	case 'D':
	case 'E':
	case 'H':
		identify_extended(parser, type, waiting, event);
		return true;
	case 'S':
		if (len != 4)
			return false;
		if ((parser->flags & POSTGRESQL_PARSER_COPY) && waiting)
			parser->flags &= (uint16_t)~POSTGRESQL_PARSER_COPY;
		else if (!(parser->flags & POSTGRESQL_PARSER_GROUP) || !waiting)
			open_request(event, type, KIND_READY);
		parser->flags &= (uint16_t)~POSTGRESQL_PARSER_GROUP;
		return true;
	case 'X':
		if (len != 4)
			return false;
		event->exchange = WIRE_ALONE;
		event->goodbye = WIRE_GOODBYE;
		return true;
	case 'd':
	case 'c':
	case 'f':
	case 'p':
		/* After an error the server passes over the rest of a copy. */
		event->exchange = waiting ? WIRE_JOINS : WIRE_ALONE;
		return true;
	}
	return false;
}

size_t postgresql_parse_client(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			       const struct wire_request *head, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	bool opening = parser->flags & POSTGRESQL_PARSER_OPENING;
	size_t want = opening ? OPENING_BYTES : HEADER_BYTES;
	size_t used = 0;

	*event = (struct wire_event){.kind = WIRE_REQUEST};
	event->begins = wire_at_boundary(s);
	if (s->state == HEADER) {
		used = stream_keep(s, want, bytes, len);
		if (s->have < want)
			return used;
		if (!(opening ? identify_opening(parser, s, event)
			      : identify_message(parser, s, head != NULL, event)))
			return stream_lost(event, len);
		s->state = REST;
	}
	if (s->state != REST)
		return stream_lost(event, len);
	used += stream_skip(s, len - used);
	if (s->skip == 0) {
		stream_next(s);
		event->ends = true;
	}
	return used;
}

static size_t parse_negotiation(const uint8_t *bytes, struct wire_event *event, size_t len)
{
	*event = (struct wire_event){
		.kind = WIRE_REPLY, .begins = true, .ends = true, .code = bytes[0]};
	switch (bytes[0]) {
	case 'S':
		event->changes_mode = true;
		event->next_mode = WIRE_MODE_TLS;
		return 1;
	case 'G':
		event->changes_mode = true;
		event->next_mode = WIRE_MODE_OPAQUE;
		return 1;
	case 'N':
		return 1;
	}
	return stream_lost(event, len);
}

enum message_kind {
	UNKNOWN,
	ASYNCHRONOUS,
	PART,
	READY,
	COPY_IN,
};

static enum message_kind judge_type(uint8_t type)
{
	switch (type) {
	case 'N':
	case 'A':
	case 'S':
		return ASYNCHRONOUS;
	case 'Z':
		return READY;
	case 'G':
	case 'W':
		return COPY_IN;
	case '1': /* ParseComplete */
	case '2': /* BindComplete */
	case '3': /* CloseComplete */
	case 'c': /* CopyDone */
	case 'C': /* CommandComplete */
	case 'd': /* CopyData */
	case 'D': /* DataRow */
	case 'E': /* ErrorResponse */
	case 'H': /* CopyOutResponse */
	case 'I': /* EmptyQueryResponse */
	case 'K': /* BackendKeyData */
	case 'n': /* NoData */
	case 'R': /* Authentication... */
	case 's': /* PortalSuspended */
	case 't': /* ParameterDescription */
	case 'T': /* RowDescription */
	case 'v': /* NegotiateProtocolVersion */
	case 'V': /* FunctionCallResponse */
		return PART;
	}
	return UNKNOWN;
}

static bool take_header(struct wire_parser *parser, struct wire_stream *s, enum message_kind kind,
			const struct wire_request *head)
{
	uint32_t len = wire_be32(s->kept + 1);

	if (len < 4 || len > MAX_MESSAGE || (kind == READY && len != 5))
		return false;
	s->skip = len - 4;
	s->state = REST;
	/* An extended request whose Sync is out already. */
	if (kind == COPY_IN && !(parser->flags & POSTGRESQL_PARSER_GROUP) && head != NULL &&
	    head->code != 'Q')
		parser->flags |= POSTGRESQL_PARSER_COPY;
	return true;
}

size_t postgresql_parse_server(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			       const struct wire_request *head, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_SERVER];
	uint8_t type = s->have > 0 ? s->kept[0] : bytes[0];
	enum message_kind kind = judge_type(type);
	size_t used = 0;

	if (head != NULL && head->reply_kind == KIND_BYTE && wire_at_boundary(s))
		return parse_negotiation(bytes, event, len);
	/* A notice may stand between the messages of a reply. */
	*event = (struct wire_event){.kind = WIRE_NOTICE};
	event->begins =
		kind == ASYNCHRONOUS ? s->state == HEADER && s->have == 0 : wire_at_boundary(s);
	if (kind == UNKNOWN)
		return stream_lost(event, len);
	if (kind != ASYNCHRONOUS) {
		if (head != NULL)
			event->kind = WIRE_REPLY;
		else if (type != 'E' || s->phase != BETWEEN)
			return stream_lost(event, len);
		event->unmatched_error = head == NULL;
	}
	if (s->state == HEADER) {
		used = stream_keep(s, HEADER_BYTES, bytes, len);
		if (event->kind == WIRE_REPLY)
			s->phase = REPLYING;
		if (s->have < HEADER_BYTES)
			return used;
		if (!take_header(parser, s, kind, head))
			return stream_lost(event, len);
		event->code = type;
	}
	if (s->state != REST)
		return stream_lost(event, len);
	used += stream_skip(s, len - used);
	if (s->skip > 0)
		return used;
	stream_next(s);
	event->ends = event->kind == WIRE_NOTICE;
	if (kind == READY) {
		stream_end(s);
		parser->flags &= (uint16_t) ~(POSTGRESQL_PARSER_COPY | POSTGRESQL_PARSER_STARTING);
		event->ends = true;
	}
	return used;
}
