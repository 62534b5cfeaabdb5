/* SPDX-License-Identifier: MIT */
/*
 * memcached: parsing what the server sends.
 *
 *   text    VALUE <key> <flags> <length> [<cas>] CR LF <data> CR LF      then END CR LF
 *           STORED, NOT_FOUND, OK, <number>, ERROR, ... CR LF            one line
 *           STAT <name> <value> CR LF                                    then END CR LF
 *   meta    HD <flag>* CR LF   EN CR LF   NF NS EX ... CR LF   MN CR LF
 *           VA <length> <flag>* CR LF <data> CR LF
 *   binary  81 | opcode | key length 2 | extras | 00 | status 2 | total 4 | opaque 4 | CAS 8 | ...
 *
 * Quiet commands wait in the queue too.  A binary reply names the opcode, which shows whether the
 * reply answers a quiet command or passes the quiet ones; in meta, MN passes the quiet ones.
 *
 * Sources: memcached doc/protocol.txt, "Retrieval command", "Error strings", "Meta Commands",
 * "General-purpose statistics"; doc/protocol-binary.txt sections 3.1, 4.  Run against 1.6.18.
 */
#include "wire/memcached.h"

#define MAX_DIGITS 10

/* State within a reply's line or packet; phase says that there is a reply. */
enum { START, WORD, WORDS, LINE_REST, DATA, PACKET, PACKET_REST };
enum { BETWEEN, REPLYING };

/* Flags of the stream. */
enum {
	LAST = 1u << 0,	  /* after this line or packet (and the data) the reply is over */
	PASSES = 1u << 1, /* the reply is not for the quiet commands before */
	NOTICE = 1u << 2, /* the line or packet answers no request */
};

/* kept: the first word of a line */
#define WORD_BYTES 12
#define VALUE_LENGTH_WORD 3
#define VA_LENGTH_WORD 1

static bool word_is(const struct wire_stream *s, const char *text)
{
	size_t len = strlen(text);

	return s->have == len && memcmp(s->kept, text, len) == 0;
}

static bool is_error(const struct wire_stream *s)
{
	return word_is(s, "ERROR") || word_is(s, "SERVER_ERROR") || word_is(s, "CLIENT_ERROR");
}

/* The first word of a line is over: decides the kind of the line and sets `length_word` to the word
 * that is the length of the data, 0: no data follow.  False: the line cannot stand here. */
static bool end_first(struct wire_stream *s, const struct wire_request *head)
{
	uint8_t reply_kind = head != NULL ? head->reply_kind : MEMCACHED_KIND_NONE;

	s->flags |= LAST;
	s->length_word = 0;
	s->data_bytes = 0;
	s->words_over = 0;
	switch (reply_kind) {
	case MEMCACHED_KIND_LINE:
		break;
	case MEMCACHED_KIND_VALUES:
		if (word_is(s, "VALUE")) {
			s->flags &= (uint8_t)~LAST;
			s->length_word = VALUE_LENGTH_WORD;
		}
		break;
	case MEMCACHED_KIND_STATS:
		if (word_is(s, "STAT") || word_is(s, "ITEM") || word_is(s, "PREFIX"))
			s->flags &= (uint8_t)~LAST;
		break;
	case MEMCACHED_KIND_META:
	case MEMCACHED_KIND_NOOP:
		if (word_is(s, "VA"))
			s->length_word = VA_LENGTH_WORD;
		if (word_is(s, "MN"))
			s->flags |= PASSES;
		break;
	case MEMCACHED_KIND_NONE:
		s->flags |= NOTICE;
		if (!is_error(s))
			return false;
		break;
	default:
		return false;
	}
	s->state = s->length_word != 0 ? WORDS : LINE_REST;
	return true;
}

/* A byte of a line whose length word is wanted; `words_over` counts the words that are over. */
static bool take_length(struct wire_stream *s, uint8_t byte)
{
	if (byte == ' ' || byte == '\r' || byte == '\n') {
		if (s->words_over < UINT16_MAX)
			s->words_over++;
		if (s->words_over > s->length_word)
			s->state = LINE_REST;
		else if (byte == '\n')
			return false;
		return true;
	}
	if (s->words_over != s->length_word)
		return true;
	if (!wire_is_digit(byte) || s->data_bytes > MEMCACHED_MAX_BODY)
		return false;
	s->data_bytes = s->data_bytes * 10 + (uint64_t)(byte - '0');
	return true;
}

/* A line, or the data after a line, is complete. */
static void end_part(struct wire_stream *s, const struct wire_request *head,
		     struct wire_event *event)
{
	bool last = s->flags & LAST, passes = s->flags & PASSES, notice = s->flags & NOTICE;

	stream_next(s);
	if (!last)
		return;
	stream_end(s);
	event->ends = notice;
	if (notice)
		return;
	event->skips_no_reply = passes;
	/* A quiet command stays in the queue: more replies to quiet commands may come, and only a
	 * reply that passes the quiet ones shows the end. */
	event->ends = head != NULL && (passes || !head->no_reply);
}

/* The line's LF: data may follow. */
static bool end_line(struct wire_stream *s, const struct wire_request *head,
		     struct wire_event *event)
{
	if (s->length_word == 0) {
		end_part(s, head, event);
		return true;
	}
	if (s->data_bytes > MEMCACHED_MAX_BODY)
		return false;
	s->skip = s->data_bytes + 2;
	s->state = DATA;
	return true;
}

static size_t parse_text(struct wire_stream *s, const uint8_t *bytes, size_t len,
			 const struct wire_request *head, struct wire_event *event)
{
	size_t used = 0;

	if (s->flags & NOTICE)
		event->kind = WIRE_NOTICE;
	while (used < len && (s->state == WORD || s->state == WORDS)) {
		uint8_t byte = bytes[used];

		/* The byte that ends a first word is also the first that ends a word. */
		if (s->state == WORD && (byte == ' ' || byte == '\r' || byte == '\n')) {
			if (!end_first(s, head))
				return stream_lost(event, len);
			if (s->flags & NOTICE) {
				event->kind = WIRE_NOTICE;
				event->begins = true;
				event->unmatched_error = true;
			}
			continue;
		}
		if (s->state == WORD) {
			if (s->have < WORD_BYTES + 1)
				s->kept[s->have++] = byte;
		} else if (!take_length(s, byte)) {
			return stream_lost(event, len);
		}
		if (s->state == LINE_REST && byte == '\n')
			break;
		used++;
	}
	if (s->state == LINE_REST && used < len) {
		const uint8_t *end = memchr(bytes + used, '\n', len - used);

		used = end != NULL ? (size_t)(end - bytes) + 1 : len;
		if (end != NULL && !end_line(s, head, event))
			return stream_lost(event, len);
	}
	/* Whether a quiet command is answered is not known before the word is. */
	if (s->state == WORD && head != NULL && head->no_reply)
		event->kind = WIRE_NOTHING;
	if (s->flags & PASSES)
		event->skips_no_reply = true;
	return used;
}

static size_t parse_packet(struct wire_stream *s, const uint8_t *bytes, size_t len,
			   const struct wire_request *head, struct wire_event *event)
{
	size_t used = 0;
	uint32_t body;

	/* The opcode shows whether this reply passes the quiet commands; then another request is
	 * the head of the queue. */
	if (head->no_reply && s->have < 2) {
		used = stream_keep(s, 2, bytes, len);
		if (s->have < 2)
			event->kind = WIRE_NOTHING;
		else
			event->skips_no_reply = !memcached_is_quiet(s->kept[1]);
		return used;
	}
	used = stream_keep(s, MEMCACHED_HEADER_BYTES, bytes, len);
	if (s->have < MEMCACHED_HEADER_BYTES)
		return used;
	body = wire_be32(s->kept + 8);
	if (s->kept[0] != MEMCACHED_REPLY || body > MEMCACHED_MAX_BODY)
		return stream_lost(event, len);
	event->code = MEMCACHED_CODE_BINARY + s->kept[1];
	s->skip = body;
	s->state = PACKET_REST;
	/* Statistics go on until a packet without a key. */
	s->flags |= LAST;
	if (head->reply_kind == MEMCACHED_KIND_BINARY_STATS && wire_be16(s->kept + 2) > 0)
		s->flags &= (uint8_t)~LAST;
	if (s->skip == 0)
		end_part(s, head, event);
	return used;
}

size_t memcached_parse_server(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			      const struct wire_request *head, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_SERVER];
	size_t used;

	*event = (struct wire_event){.kind = head != NULL ? WIRE_REPLY : WIRE_NOTHING};
	event->begins = head != NULL && wire_at_boundary(s);
	if (s->state == START) {
		bool binary = head != NULL && head->reply_kind >= MEMCACHED_KIND_BINARY;

		stream_next(s);
		s->phase = REPLYING;
		s->state = binary ? PACKET : WORD;
	}
	switch (s->state) {
	case WORD:
	case WORDS:
	case LINE_REST:
		return parse_text(s, bytes, len, head, event);
	case PACKET:
		return head != NULL ? parse_packet(s, bytes, len, head, event)
				    : stream_lost(event, len);
	case DATA:
	case PACKET_REST:
		used = stream_skip(s, len);
		if (s->skip == 0)
			end_part(s, head, event);
		return used;
	}
	return stream_lost(event, len);
}
