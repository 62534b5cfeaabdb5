/* SPDX-License-Identifier: MIT */
/*
 * Redis, RESP2 and RESP3: parsing what the server sends, value by value.
 *
 *   + - : _ # , (   <line> CR LF
 *   $ ! =           <length> CR LF <bytes> CR LF              length -1: null, no bytes follow
 *   * ~ >           <n> CR LF, then n values                  n -1: null
 *   %               <n> CR LF, then 2 n values
 *   |               <n> CR LF, then 2 n values, then the value they belong to
 *
 * Nesting needs no stack: `values` is the number of values still to come, which a scalar lowers by
 * one and an aggregate of n raises by n - 1.
 *
 * Unasked: in RESP3 values marked ">".  In RESP2 a subscriber gets arrays of three or four, the
 * confirmations among them, until a confirmation counts ":0" subscriptions.  A subscription waits
 * in the queue like any request, so that earlier replies keep their owners; the first confirmation
 * takes the subscription out of the queue.
 *
 * Sources: Redis documentation, "Redis serialization protocol specification" (RESP protocol
 * description), "Redis Pub/Sub" (format of pushed messages).  Run against Redis 7.0.
 */
#include "wire/redis.h"

#define MAX_VALUES (UINT64_C(1) << 40)

/* State within a value; phase says whether there is one. */
enum { TYPE, NUMBER, BULK, LINE };
enum { BETWEEN, VALUE };

/* Flags of the stream, above those of numbers. */
enum {
	PUSHED = 1u << 3,   /* the value was not asked for */
	CONFIRMS = 1u << 4, /* ... and the first element ends with "subscribe" */
	ZERO = 1u << 5,	    /* ... and the last integer was 0 */
};

#define CONFIRMATION "subscribe"
#define CONFIRMATION_BYTES (sizeof CONFIRMATION - 1)

/* The first byte of a value that answers or is pushed.  False: no such value can come. */
static bool start_value(struct wire_parser *parser, uint8_t type, const struct wire_request *head,
			struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_SERVER];
	bool subscribes = head != NULL && head->reply_kind == REDIS_KIND_SUBSCRIBE;

	stream_end(s);
	s->phase = VALUE;
	s->values = 1;
	s->reply_type = type;
	event->begins = true;
	if (type == '>' || (parser->flags & REDIS_PARSER_SUBSCRIBED) || (subscribes && type == '*'))
		s->flags = PUSHED;
	else if (head == NULL) {
		/* An error while nothing is outstanding: the server is full, or stops. */
		s->flags = PUSHED;
		event->unmatched_error = true;
		return type == '-';
	}
	return true;
}

/* Chooses the next state by a type byte within a value. */
static bool start_element(struct wire_stream *s, uint8_t type)
{
	s->skip = 0;
	s->flags &= (uint8_t)~REDIS_NUMBER_FLAGS;
	switch (type) {
	case ':':
		/* Integers are read only where the number of subscriptions may stand. */
		s->state = s->flags & PUSHED ? NUMBER : LINE;
		break;
	case '+':
	case '-':
	case '_':
	case '#':
	case ',':
	case '(':
		s->state = LINE;
		break;
	case '$':
	case '!':
	case '=':
	case '*':
	case '~':
	case '>':
	case '%':
	case '|':
		s->state = NUMBER;
		break;
	default:
		return false;
	}
	s->value_type = type;
	return true;
}

/* A scalar is complete. */
static void end_scalar(struct wire_stream *s)
{
	s->state = TYPE;
	s->skip = 0;
	if (s->values > 0)
		s->values--;
}

/* The number after a type: an integer, the length of a bulk or the size of an aggregate. */
static bool take_number(struct wire_stream *s, bool negative)
{
	uint64_t n = s->number;

	s->number = 0;
	s->state = TYPE;
	if (s->value_type == ':') {
		s->flags = (uint8_t)(n == 0 ? s->flags | ZERO : s->flags & ~ZERO);
		end_scalar(s);
		return true;
	}
	if (negative) {
		end_scalar(s);
		return n == 1;
	}
	switch (s->value_type) {
	case '$':
	case '!':
	case '=':
		s->skip = n + 2;
		s->state = BULK;
		return true;
	case '%':
		n *= 2;
		break;
	case '|':
		n = 2 * n + 1;
		break;
	}
	/* The aggregate was itself counted among the values to come. */
	if (s->values == 0 || s->values > MAX_VALUES)
		return false;
	s->values += n - 1;
	return true;
}

/* Passes a bulk's bytes; of the first one in a pushed value the end of the text is kept. */
static size_t parse_bulk(struct wire_stream *s, const uint8_t *bytes, size_t len)
{
	size_t used = stream_skip(s, len);

	if ((s->flags & PUSHED) && s->have < sizeof s->kept)
		stream_keep(s, sizeof s->kept, bytes, used);
	if (s->skip > 0)
		return used;
	/* `kept`: the text (at most 12 bytes are of interest), CR LF; a full `kept` then takes no
	 * more. */
	if (s->have >= CONFIRMATION_BYTES + 2 && s->have < sizeof s->kept &&
	    memcmp(s->kept + s->have - 2 - CONFIRMATION_BYTES, CONFIRMATION, CONFIRMATION_BYTES) ==
		    0)
		s->flags |= CONFIRMS;
	s->have = sizeof s->kept;
	end_scalar(s);
	return used;
}

static size_t parse_line(struct wire_stream *s, const uint8_t *bytes, size_t len)
{
	const uint8_t *end = memchr(bytes, '\n', len);
	size_t used = end != NULL ? (size_t)(end - bytes) + 1 : len;

	if ((s->flags & PUSHED) && s->reply_type == '+')
		stream_keep(s, sizeof s->kept, bytes, used);
	if (end != NULL)
		end_scalar(s);
	return used;
}

/* The value is complete. */
static void take_value(struct wire_parser *parser, const struct wire_request *head,
		       struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_SERVER];
	bool subscribes = head != NULL && head->reply_kind == REDIS_KIND_SUBSCRIBE;

	event->ends = true;
	if (!(s->flags & PUSHED)) {
		if (head != NULL && head->reply_kind == REDIS_KIND_MONITOR && s->reply_type == '+')
			parser->flags |= REDIS_PARSER_SUBSCRIBED;
	} else if (s->flags & CONFIRMS) {
		event->retires = subscribes;
		if (s->reply_type == '*')
			parser->flags |= REDIS_PARSER_SUBSCRIBED;
		if (s->reply_type == '*' && (s->flags & ZERO))
			parser->flags &= (uint16_t)~REDIS_PARSER_SUBSCRIBED;
	} else if (s->reply_type == '+' && s->have >= 5 && memcmp(s->kept, "RESET", 5) == 0) {
		parser->flags &= (uint16_t)~REDIS_PARSER_SUBSCRIBED;
	}
	stream_end(s);
}

/* One step; returns the bytes used, 0: track is lost. */
static size_t parse_step(struct wire_stream *s, const uint8_t *bytes, size_t len)
{
	size_t used = 0;

	switch (s->state) {
	case TYPE:
		return start_element(s, bytes[0]) ? 1 : 0;
	case NUMBER:
		switch (redis_read_number(
			s, bytes, len, s->value_type == ':' ? INT64_MAX : REDIS_MAX_BULK, &used)) {
		case REDIS_NUMBER_BAD:
			return 0;
		case REDIS_NUMBER_MORE:
			return used;
		case REDIS_NUMBER_NULL:
			return take_number(s, true) ? used : 0;
		case REDIS_NUMBER_DONE:
			return take_number(s, false) ? used : 0;
		}
		return 0;
	case BULK:
		return parse_bulk(s, bytes, len);
	case LINE:
		return parse_line(s, bytes, len);
	}
	return 0;
}

size_t redis_parse_server(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			  const struct wire_request *head, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_SERVER];
	size_t used = 0;

	*event = (struct wire_event){.kind = WIRE_REPLY};
	if (s->phase == BETWEEN && !start_value(parser, bytes[0], head, event))
		return stream_lost(event, len);
	if (s->flags & PUSHED)
		event->kind = WIRE_NOTICE;
	else if (head == NULL)
		return stream_lost(event, len);
	while (used < len && s->values > 0) {
		size_t step = parse_step(s, bytes + used, len - used);

		if (step == 0)
			return stream_lost(event, len);
		used += step;
	}
	if (s->values == 0)
		take_value(parser, head, event);
	return used > 0 ? used : stream_lost(event, len);
}
