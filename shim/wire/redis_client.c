/* SPDX-License-Identifier: MIT */
/*
 * Redis: parsing what the client sends.
 *
 *   *<n> CR LF  n times ( $<length> CR LF <bytes> CR LF )      a command and its arguments
 *   <word> ... CR LF                                           an inline command
 *   CR LF, *0 CR LF, *-1 CR LF                                 passed over, no reply
 *
 * A command gets one value as its reply.  The exceptions are in the table of redis_commands.c.
 *
 * Sources: Redis documentation, "Redis serialization protocol specification" (sending commands,
 * inline commands), "Redis Pub/Sub", commands CLIENT REPLY, MONITOR, QUIT.  Run against Redis 7.0.
 */
#include "wire/redis.h"

/* State within a request; MARK waits for the "$" of the next argument. */
enum { START, COUNT, MARK, LENGTH, BULK, LINE };

/* A flag of the stream: the inline command's first word is over. */
#define WORD_DONE (1u << 3)

/* `kept` holds the name of the command and, from REDIS_NAME_BYTES on, the start of the first
 * argument. */
static void keep_word(struct wire_stream *s, const uint8_t *bytes, size_t len, size_t end)
{
	for (size_t i = 0; i < len && s->have < end; i++) {
		uint8_t byte = bytes[i];

		s->kept[s->have++] = byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 0x20) : byte;
	}
}

static size_t name_len(const struct wire_stream *s)
{
	size_t len = 0;

	while (len < REDIS_NAME_BYTES && len < s->have && s->kept[len] != 0)
		len++;
	return len;
}

static bool turns_replies_off(const struct wire_stream *s)
{
	return s->have >= REDIS_NAME_BYTES + 5 &&
	       memcmp(s->kept + REDIS_NAME_BYTES, "REPLY", 5) == 0;
}

/* Nothing was asked. */
static void identify_nothing(struct wire_stream *s, struct wire_event *event)
{
	event->identified = true;
	event->ends = true;
	event->exchange = WIRE_ALONE;
	stream_end(s);
}

/* Identifies a complete request.  False: the replies from here on cannot be matched any more. */
static bool identify_request(struct wire_parser *parser, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	const struct redis_command *command =
		redis_find_command((const char *)s->kept, name_len(s));
	enum redis_reply_kind reply_kind = command != NULL ? command->reply_kind : REDIS_KIND_VALUE;

	if (reply_kind == REDIS_KIND_STREAM ||
	    (reply_kind == REDIS_KIND_CLIENT && turns_replies_off(s)))
		return false;
	if (reply_kind == REDIS_KIND_QUIT)
		event->goodbye = WIRE_GOODBYE;
	if (reply_kind == REDIS_KIND_QUIT || reply_kind == REDIS_KIND_CLIENT)
		reply_kind = REDIS_KIND_VALUE;
	event->identified = true;
	event->ends = true;
	event->code = command != NULL ? redis_command_code(command) : 0;
	event->request = (struct wire_request){event->code, (uint8_t)reply_kind, 0};
	/* To a RESP2 subscriber every answer looks like a push. */
	event->exchange = parser->flags & REDIS_PARSER_SUBSCRIBED ? WIRE_ALONE : WIRE_OPENS;
	stream_end(s);
	return true;
}

/* An inline command, up to the end of the line. */
static size_t parse_line(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			 struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	const uint8_t *end = memchr(bytes, '\n', len);
	size_t used = end != NULL ? (size_t)(end - bytes) + 1 : len;
	size_t word = 0;

	s->line_bytes += used;
	if (s->line_bytes > REDIS_MAX_LINE)
		return stream_lost(event, len);
	if (!(s->flags & WORD_DONE)) {
		while (word < used && bytes[word] > ' ')
			word++;
		keep_word(s, bytes, word, REDIS_NAME_BYTES);
		if (word < used)
			s->flags |= WORD_DONE;
	}
	if (end == NULL)
		return used;
	if (s->have == 0)
		identify_nothing(s, event);
	else if (!identify_request(parser, event))
		return stream_lost(event, len);
	return used;
}

/* Passes an argument's bytes; keeps the start of the first two. */
static size_t parse_bulk(struct wire_stream *s, const uint8_t *bytes, size_t len)
{
	size_t used = stream_skip(s, len);
	size_t ending = s->skip < 2 ? 2 - (size_t)s->skip : 0; /* bytes of CR LF in `used` */
	size_t text = used > ending ? used - ending : 0;

	if (s->argument == 1)
		keep_word(s, bytes, text, REDIS_NAME_BYTES);
	else if (s->argument == 2)
		keep_word(s, bytes, text, sizeof s->kept);
	return used;
}

/* The length of an argument was read: `argument` counts the first arguments. */
static void start_bulk(struct wire_stream *s)
{
	s->skip += 2;
	s->state = BULK;
	if (s->argument < 3)
		s->argument++;
	if (s->argument == 2) {
		while (s->have < REDIS_NAME_BYTES)
			s->kept[s->have++] = 0;
	}
}

/* One step of an array; returns the bytes used, 0: track is lost.  Sets event->ends at the end of
 * the array. */
static size_t parse_array(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			  struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	bool counting = s->state == COUNT;
	size_t used = 0;

	switch (s->state) {
	case MARK:
		s->state = LENGTH;
		s->skip = 0;
		return bytes[0] == '$' ? 1 : 0;
	case COUNT:
	case LENGTH:
		switch (redis_read_number(s, bytes, len,
					  counting ? REDIS_MAX_ARGUMENTS : REDIS_MAX_BULK, &used)) {
		case REDIS_NUMBER_MORE:
			return used;
		case REDIS_NUMBER_BAD:
			return 0;
		case REDIS_NUMBER_NULL:
			if (!counting)
				return 0;
			identify_nothing(s, event);
			return used;
		case REDIS_NUMBER_DONE:
			break;
		}
		if (!counting) {
			start_bulk(s);
		} else if (s->number == 0) {
			identify_nothing(s, event);
		} else {
			s->values = s->number;
			s->number = 0;
			s->state = MARK;
		}
		return used;
	case BULK:
		used = parse_bulk(s, bytes, len);
		if (s->skip > 0)
			return used;
		s->state = MARK;
		if (s->values <= 1)
			return identify_request(parser, event) ? used : 0;
		s->values--;
		return used;
	}
	return 0;
}

size_t redis_parse_client(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			  const struct wire_request *head, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	size_t used = 0;

	(void)head;
	*event = (struct wire_event){.kind = WIRE_REQUEST};
	event->begins = wire_at_boundary(s);
	if (s->state == START) {
		stream_end(s);
		s->state = bytes[0] == '*' ? COUNT : LINE;
		used = bytes[0] == '*';
	}
	if (s->state == LINE)
		return parse_line(parser, bytes, len, event);
	while (used < len && !event->ends) {
		size_t step = parse_array(parser, bytes + used, len - used, event);

		if (step == 0)
			return stream_lost(event, len);
		used += step;
	}
	return used;
}
