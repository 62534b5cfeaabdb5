/* SPDX-License-Identifier: MIT */
/*
 * memcached: parsing what the client sends.
 *
 *   text    <command> <word>* [noreply] CR LF [<data, length in a word> CR LF]
 *   meta    m? <key> [<length>] <flag>* CR LF [<data> CR LF]       flag q: quiet
 *   binary  24 bytes | extras | key | value           total of the three at 8..11
 *
 *   quit CR LF                no reply
 *   80 07 ... Quit            an empty reply; 80 17 QuitQ: none
 *
 * A line is read to the end by memchr() unless a word of the line is needed; data is skipped.
 *
 * Sources: memcached doc/protocol.txt, "Commands", "Storage commands" (noreply), "Meta Commands"
 * (q, mn); doc/protocol-binary.txt sections 3.1, 4.  Run against memcached 1.6.18.
 */
#include "wire/memcached.h"

#define OP_QUIT 0x07
#define OP_STAT 0x10
#define OP_QUITQ 0x17
#define MAX_DIGITS 10

/* State within a message.  `word` of the stream counts the words of a line. */
enum { START, WORD, WORDS, LINE_REST, DATA, PACKET, PACKET_REST };

/* Flags of the stream. */
enum {
	QUIET = 1u << 0,   /* a word "q" */
	CUT = 1u << 1,	   /* this word is longer than the kept part */
	LENGTH = 1u << 2,  /* the length was read */
	NOREPLY = 1u << 3, /* the last word was "noreply" */
};

/* kept: the command; then, from here on, the current word */
#define WORD_AT 16

static bool word_is(const struct wire_stream *s, const char *text)
{
	size_t len = strlen(text);

	return s->have == WORD_AT + len && memcmp(s->kept + WORD_AT, text, len) == 0;
}

/* A word of the line is over; `word` of the stream is the place of that word. */
static bool end_word(struct wire_stream *s, const struct memcached_command *command)
{
	bool meta = command->reply_kind == MEMCACHED_KIND_META;
	bool cut = s->flags & CUT;

	if (s->have <= WORD_AT)
		return true; /* two spaces, or CR */
	s->flags &= (uint8_t) ~(CUT | NOREPLY);
	if (command->length_token != 0 && s->word == command->length_token) {
		if (cut || s->have > WORD_AT + MAX_DIGITS)
			return false;
		for (size_t i = WORD_AT; i < s->have; i++) {
			if (!wire_is_digit(s->kept[i]))
				return false;
			s->data_bytes = s->data_bytes * 10 + (uint64_t)(s->kept[i] - '0');
		}
		s->flags |= LENGTH;
		if (s->data_bytes > MEMCACHED_MAX_BODY)
			return false;
	} else if (s->word < 2 || cut) {
		; /* the key */
	} else if (meta && word_is(s, "q")) {
		s->flags |= QUIET;
	} else if (!meta && word_is(s, "noreply")) {
		s->flags |= NOREPLY;
	}
	s->have = WORD_AT;
	if (s->word < UINT8_MAX)
		s->word++;
	return true;
}

static void end_message(struct wire_stream *s, struct wire_event *event)
{
	stream_end(s);
	event->ends = true;
}

/* Identifies a complete line.  False: the form of the reply is not known. */
static bool end_line(struct wire_parser *parser, const struct memcached_command *command,
		     struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	bool meta = command->reply_kind == MEMCACHED_KIND_META;
	uint64_t data = s->data_bytes + 2;
	bool quiet = s->flags & QUIET;

	if (command->reply_kind == MEMCACHED_KIND_LOST ||
	    (command->length_token != 0 && !(s->flags & LENGTH)))
		return false;
	/* Only a later no-op shows whether a quiet command gets a reply. */
	if ((parser->flags & MEMCACHED_PARSER_QUIET) &&
	    command->reply_kind != MEMCACHED_KIND_NOOP &&
	    command->reply_kind != MEMCACHED_KIND_NONE && !quiet)
		return false;
	if (meta && quiet)
		parser->flags |= MEMCACHED_PARSER_QUIET;
	if (command->reply_kind == MEMCACHED_KIND_NOOP)
		parser->flags &= (uint16_t)~MEMCACHED_PARSER_QUIET;
	event->identified = true;
	event->code = memcached_command_code(command);
	event->exchange = s->flags & NOREPLY ? WIRE_ALONE : WIRE_OPENS;
	event->request = (struct wire_request){event->code, (uint8_t)command->reply_kind, quiet};
	if (command->reply_kind == MEMCACHED_KIND_NONE) {
		event->exchange = WIRE_ALONE;
		event->goodbye = WIRE_GOODBYE;
	}
	if (command->length_token == 0) {
		end_message(s, event);
		return true;
	}
	stream_end(s);
	s->skip = data;
	s->state = DATA;
	return true;
}

/* The word of the command is over: returns the command. */
static const struct memcached_command *end_command(struct wire_stream *s)
{
	const struct memcached_command *command = memcached_find_command(s->kept, s->have);

	if (command == NULL)
		return NULL;
	s->command = memcached_command_code(command);
	s->have = WORD_AT;
	s->word = 1;
	s->data_bytes = 0;
	s->state = command->length_token != 0 || command->reply_kind == MEMCACHED_KIND_LINE ||
				   command->reply_kind == MEMCACHED_KIND_META
			   ? WORDS
			   : LINE_REST;
	return command;
}

/* Takes a byte of the line, up to and with the end; false: track is lost. */
static bool take_byte(struct wire_parser *parser, uint8_t byte, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	const struct memcached_command *command = memcached_command_by_code(s->command);
	size_t room = s->state == WORD ? WORD_AT : sizeof s->kept;

	if (byte != ' ' && byte != '\r' && byte != '\n') {
		if (s->have < room)
			s->kept[s->have++] = byte;
		else
			s->flags |= CUT;
		return true;
	}
	if (s->state == WORD)
		command = s->flags & CUT ? NULL : end_command(s);
	else if (command != NULL && !end_word(s, command))
		return false;
	if (command == NULL)
		return false;
	return byte == '\n' ? end_line(parser, command, event) : true;
}

static size_t parse_text(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			 struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	size_t used = 0;

	while (used < len && !event->identified) {
		if (s->state == LINE_REST) {
			const uint8_t *end = memchr(bytes + used, '\n', len - used);

			if (end == NULL)
				return len;
			used = (size_t)(end - bytes);
		}
		if (!take_byte(parser, bytes[used++], event))
			return stream_lost(event, len);
	}
	return used;
}

static bool identify_packet(struct wire_stream *s, struct wire_event *event)
{
	uint8_t opcode = s->kept[1];
	uint32_t body = wire_be32(s->kept + 8);

	if (body > MEMCACHED_MAX_BODY || body < wire_be16(s->kept + 2) + s->kept[4])
		return false;
	event->identified = true;
	event->code = MEMCACHED_CODE_BINARY + opcode;
	event->exchange = opcode == OP_QUITQ ? WIRE_ALONE : WIRE_OPENS;
	event->request.code = event->code;
	event->request.reply_kind =
		opcode == OP_STAT ? MEMCACHED_KIND_BINARY_STATS : MEMCACHED_KIND_BINARY;
	event->request.no_reply = memcached_is_quiet(opcode);
	if (opcode == OP_QUIT || opcode == OP_QUITQ)
		event->goodbye = WIRE_GOODBYE;
	s->skip = body;
	s->state = PACKET_REST;
	return true;
}

static size_t parse_packet(struct wire_stream *s, const uint8_t *bytes, size_t len,
			   struct wire_event *event)
{
	size_t used = stream_keep(s, MEMCACHED_HEADER_BYTES, bytes, len);

	if (s->have < MEMCACHED_HEADER_BYTES)
		return used;
	if (!identify_packet(s, event))
		return stream_lost(event, len);
	if (s->skip == 0)
		end_message(s, event);
	return used;
}

size_t memcached_parse_client(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			      const struct wire_request *head, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	size_t used;

	(void)head;
	*event = (struct wire_event){.kind = WIRE_REQUEST};
	event->begins = wire_at_boundary(s);
	if (s->state == START) {
		stream_end(s);
		s->state = bytes[0] == MEMCACHED_REQUEST ? PACKET : WORD;
	}
	switch (s->state) {
	case WORD:
	case WORDS:
	case LINE_REST:
		return parse_text(parser, bytes, len, event);
	case PACKET:
		return parse_packet(s, bytes, len, event);
	case DATA:
	case PACKET_REST:
		used = stream_skip(s, len);
		if (s->skip == 0)
			end_message(s, event);
		return used;
	}
	return stream_lost(event, len);
}
