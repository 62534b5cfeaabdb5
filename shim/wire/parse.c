/* SPDX-License-Identifier: MIT */
/*
 * The parts that are the same for all parsers: modes, frames, losing track.
 */
#include "wire/parse.h"

#include "wire/protocol.h"
#include "wire/stream.h"

enum wire_mode wire_mode_of(enum protocol protocol)
{
	const struct wire_protocol *p = wire_protocol_of(protocol);

	if (protocol == PROTOCOL_TLS)
		return WIRE_MODE_TLS;
	if (p->parse[WIRE_CLIENT] != NULL)
		return WIRE_MODE_EXCHANGES;
	return p->frame != NULL ? WIRE_MODE_FRAMES : WIRE_MODE_OPAQUE;
}

void wire_parser_start(struct wire_parser *parser, enum protocol protocol)
{
	*parser = (struct wire_parser){.protocol = (uint8_t)protocol,
				       .mode = (uint8_t)wire_mode_of(protocol),
				       .flags = wire_protocol_of(protocol)->start_flags};
}

void wire_parser_resume(struct wire_parser *parser, enum protocol protocol, enum wire_mode mode)
{
	uint16_t learned = 0;

	if (parser->protocol == protocol)
		learned = parser->flags & wire_protocol_of(protocol)->learned_flags;
	*parser = (struct wire_parser){
		.protocol = (uint8_t)protocol, .mode = (uint8_t)mode, .flags = learned};
}

bool wire_parser_is_opening(const struct wire_parser *parser)
{
	const struct wire_protocol *p = wire_protocol_of(parser->protocol);

	return parser->mode == WIRE_MODE_EXCHANGES && (parser->flags & p->opening_flags) != 0;
}

bool wire_request_open(const struct wire_parser *parser)
{
	return !wire_at_boundary(&parser->stream[WIRE_CLIENT]) ||
	       (parser->flags & wire_protocol_of(parser->protocol)->open_flags) != 0;
}

bool wire_replies_are_marked(const struct wire_parser *parser)
{
	return wire_protocol_of(parser->protocol)->marked_replies;
}

/* The reader of the client's frames in the mode of the parser; NULL: that mode has no frames. */
static wire_read_frame *frame_reader(const struct wire_parser *parser)
{
	switch ((enum wire_mode)parser->mode) {
	case WIRE_MODE_TLS:
		return wire_protocol_of(PROTOCOL_TLS)->frame;
	case WIRE_MODE_COMPRESSED:
		return wire_protocol_of(parser->protocol)->compressed_frame;
	case WIRE_MODE_FRAMES:
		return wire_protocol_of(parser->protocol)->frame;
	case WIRE_MODE_EXCHANGES:
	case WIRE_MODE_OPAQUE:
	case WIRE_MODE_COUNT:
		break;
	}
	return NULL;
}

/* Identifies the next message of the client by the first bytes; the rest is skipped. */
static size_t parse_frame(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			  struct wire_event *event)
{
	enum { HEADER, REST };
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	wire_read_frame *read_frame = frame_reader(parser);
	size_t used = 0;

	*event = (struct wire_event){.kind = WIRE_REQUEST, .begins = wire_at_boundary(s)};
	while (s->state == HEADER) {
		struct wire_frame frame = {0};
		int want = read_frame != NULL ? read_frame(s->kept, s->have, &frame) : -1;

		if (want < 0 || want > WIRE_KEPT_BYTES)
			return stream_lost(event, len);
		if (want > 0) {
			size_t taken = stream_keep(s, (size_t)want, bytes + used, len - used);

			used += taken;
			if (s->have < want)
				return used;
			continue;
		}
		if (frame.len_bytes < s->have)
			return stream_lost(event, len);
		s->skip = frame.len_bytes - s->have;
		s->state = REST;
		event->identified = true;
		event->code = frame.code;
		event->goodbye = frame.goodbye;
	}
	if (s->state != REST)
		return stream_lost(event, len);
	used += stream_skip(s, len - used);
	if (s->skip == 0) {
		stream_next(s);
		event->ends = true;
	}
	return used > 0 ? used : stream_lost(event, len);
}

static size_t parse_in_mode(struct wire_parser *parser, enum wire_direction direction,
			    const uint8_t *bytes, size_t len, const struct wire_request *head,
			    struct wire_event *event)
{
	wire_parse_bytes *parse = wire_protocol_of(parser->protocol)->parse[direction];

	switch ((enum wire_mode)parser->mode) {
	case WIRE_MODE_EXCHANGES:
		if (parse == NULL)
			break;
		return parse(parser, bytes, len, head, event);
	case WIRE_MODE_FRAMES:
	case WIRE_MODE_TLS:
	case WIRE_MODE_COMPRESSED:
		if (direction == WIRE_CLIENT)
			return parse_frame(parser, bytes, len, event);
		return len;
	case WIRE_MODE_OPAQUE:
		return len;
	case WIRE_MODE_COUNT:
		break;
	}
	return stream_lost(event, len);
}

size_t wire_parse(struct wire_parser *parser, enum wire_direction direction, const uint8_t *bytes,
		  size_t len, const struct wire_request *head, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[direction];
	bool tls = parser->mode == WIRE_MODE_TLS;
	unsigned protocol = tls ? PROTOCOL_TLS : parser->protocol;
	size_t used;

	*event = (struct wire_event){.kind = WIRE_NOTHING};
	if (len == 0)
		return 0;
	if (s->have > sizeof s->kept)
		used = stream_lost(event, len);
	else
		used = parse_in_mode(parser, direction, bytes, len, head, event);
	/* A state that no parser left behind must not keep the caller in a loop. */
	if (used == 0 || used > len)
		used = stream_lost(event, len);
	if (event->changes_mode)
		wire_parser_resume(parser, (enum protocol)parser->protocol, event->next_mode);
	event->protocol = (enum protocol)(protocol < PROTOCOL_COUNT ? protocol : PROTOCOL_UNKNOWN);
	return used;
}

bool wire_identify_text(enum protocol protocol, const uint8_t *bytes, size_t len,
			struct wire_event *event)
{
	const struct wire_protocol *p = wire_protocol_of(protocol);

	*event = (struct wire_event){.kind = WIRE_REQUEST, .protocol = protocol};
	for (size_t i = 0; p->starts_with_name && i < p->names.count; i++) {
		size_t name_len = strlen(p->names.names[i]);

		if (len <= name_len || memcmp(bytes, p->names.names[i], name_len) != 0 ||
		    bytes[name_len] > ' ')
			continue;
		event->identified = true;
		event->code = (uint16_t)(i + 1);
		if (event->code == p->goodbye_code)
			event->goodbye = WIRE_GOODBYE_LIKELY;
		return true;
	}
	return false;
}

const char *wire_message_name(enum protocol protocol, enum wire_direction direction, uint16_t code)
{
	const struct wire_protocol *p = wire_protocol_of(protocol);

	if (p->name != NULL)
		return code != 0 ? p->name(direction, code) : NULL;
	return wire_name_at(p->names.names, p->names.count, code);
}

bool wire_reply_ends(enum protocol protocol, const uint8_t *tail, size_t len)
{
	const struct wire_protocol *p = wire_protocol_of(protocol);

	return p->reply_ends != NULL && p->reply_ends(tail, len);
}

bool wire_server_pushes(enum protocol protocol)
{
	return wire_protocol_of(protocol)->pushes;
}
