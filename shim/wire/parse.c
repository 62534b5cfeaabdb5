/* SPDX-License-Identifier: MIT */
/*
 * The table of followers, and what is the same for all: modes, frames, losing track.
 */
#include "wire/parse.h"

#include "wire/mysql.h"
#include "wire/postgresql.h"
#include "wire/redis.h"
#include "wire/stream.h"

struct follower {
	/* EXCHANGES: requests and replies are matched. */
	size_t (*parse)(struct wire_parser *parser, enum wire_direction direction,
			const uint8_t *bytes, size_t len, const struct wire_request *head,
			struct wire_event *event);
	/* FRAMES: the client's messages are told one by one. */
	int (*frame)(const uint8_t *kept, size_t have, struct wire_frame *frame);
	/* OPAQUE, but a write that starts with one of these words is told by it. */
	const struct wire_words *words;
	const char *(*name)(enum wire_direction direction, uint16_t code);
	uint16_t starts_with; /* parser flags at the connection's start */
	uint16_t opening;     /* parser flags: while one is set, the opening goes on */
	uint16_t learned;     /* parser flags that outlive a gap */
	uint16_t open;	      /* parser flags: while one is set, the last request goes on */
	bool pushes;	      /* the server sends unasked as a matter of course */
};

static const struct follower followers[PROTOCOL_COUNT] = {
	[PROTOCOL_MYSQL] = {.parse = mysql_parse,
			    .name = mysql_name,
			    .starts_with = MYSQL_PARSER_OPENING,
			    .opening = MYSQL_PARSER_OPENING,
			    .learned = MYSQL_PARSER_EOF_KNOWN | MYSQL_PARSER_EOF_USED,
			    .open = MYSQL_PARSER_LONG},
	[PROTOCOL_POSTGRESQL] = {.parse = postgresql_parse,
				 .name = postgresql_name,
				 .starts_with = POSTGRESQL_PARSER_OPENING,
				 .opening = POSTGRESQL_PARSER_OPENING | POSTGRESQL_PARSER_STARTING,
				 .open = POSTGRESQL_PARSER_GROUP | POSTGRESQL_PARSER_COPY},
	[PROTOCOL_REDIS] = {.parse = redis_parse,
			    .name = redis_name,
			    .learned = REDIS_PARSER_SUBSCRIBED},
	[PROTOCOL_MEMCACHED] = {.parse = memcached_parse, .name = memcached_name},
	[PROTOCOL_MONGODB] = {.frame = mongodb_frame, .name = mongodb_name},
	[PROTOCOL_TDS] = {.frame = tds_frame, .name = tds_name},
	[PROTOCOL_CASSANDRA] = {.frame = cassandra_frame, .name = cassandra_name, .pushes = true},
	[PROTOCOL_BOLT] = {.frame = bolt_frame, .name = bolt_name},
	[PROTOCOL_ZOOKEEPER] = {.frame = zookeeper_frame, .name = zookeeper_name, .pushes = true},
	[PROTOCOL_LDAP] = {.frame = ldap_frame, .name = ldap_name},
	[PROTOCOL_AMQP] = {.frame = amqp_frame, .name = amqp_name, .pushes = true},
	[PROTOCOL_KAFKA] = {.frame = kafka_frame, .name = kafka_name},
	[PROTOCOL_NATS] = {.words = &nats_words, .name = nats_name, .pushes = true},
	[PROTOCOL_STOMP] = {.words = &stomp_words, .name = stomp_name, .pushes = true},
	[PROTOCOL_MQTT] = {.frame = mqtt_frame, .name = mqtt_name, .pushes = true},
	[PROTOCOL_BEANSTALKD] = {.words = &beanstalkd_words, .name = beanstalkd_name},
	[PROTOCOL_SMTP] = {.words = &smtp_words, .name = smtp_name},
	[PROTOCOL_TLS] = {.frame = tls_frame, .name = tls_name},
	[PROTOCOL_HTTP] = {.words = &http_words, .name = http_name},
	[PROTOCOL_HTTP2] = {.frame = http2_frame, .name = http2_name, .pushes = true},
};

static const struct follower *protocol_of(unsigned protocol)
{
	return &followers[protocol < PROTOCOL_COUNT ? protocol : PROTOCOL_UNKNOWN];
}

enum wire_mode wire_mode_of(enum protocol protocol)
{
	const struct follower *f = protocol_of(protocol);

	if (protocol == PROTOCOL_TLS)
		return WIRE_MODE_TLS;
	if (f->parse != NULL)
		return WIRE_MODE_EXCHANGES;
	return f->frame != NULL ? WIRE_MODE_FRAMES : WIRE_MODE_OPAQUE;
}

void wire_parser_start(struct wire_parser *parser, enum protocol protocol)
{
	*parser = (struct wire_parser){.protocol = (uint8_t)protocol,
				       .mode = (uint8_t)wire_mode_of(protocol),
				       .flags = protocol_of(protocol)->starts_with};
}

void wire_parser_resume(struct wire_parser *parser, enum protocol protocol, enum wire_mode mode)
{
	uint16_t learned = 0;

	if (parser->protocol == protocol)
		learned = parser->flags & protocol_of(protocol)->learned;
	*parser = (struct wire_parser){
		.protocol = (uint8_t)protocol, .mode = (uint8_t)mode, .flags = learned};
}

bool wire_parser_is_opening(const struct wire_parser *parser)
{
	const struct follower *f = protocol_of(parser->protocol);

	return parser->mode == WIRE_MODE_EXCHANGES && (parser->flags & f->opening) != 0;
}

bool wire_request_open(const struct wire_parser *parser)
{
	return !wire_at_boundary(&parser->stream[WIRE_CLIENT]) ||
	       (parser->flags & protocol_of(parser->protocol)->open) != 0;
}

bool wire_replies_are_marked(const struct wire_parser *parser)
{
	return parser->protocol == PROTOCOL_MYSQL || parser->protocol == PROTOCOL_POSTGRESQL;
}

static int take_frame(const struct wire_parser *parser, const struct wire_stream *s,
		      struct wire_frame *frame)
{
	const struct follower *f = protocol_of(parser->protocol);

	switch ((enum wire_mode)parser->mode) {
	case WIRE_MODE_TLS:
		return tls_frame(s->kept, s->have, frame);
	case WIRE_MODE_COMPRESSED:
		return mysql_compressed_frame(s->kept, s->have, frame);
	case WIRE_MODE_FRAMES:
		return f->frame != NULL ? f->frame(s->kept, s->have, frame) : -1;
	case WIRE_MODE_EXCHANGES:
	case WIRE_MODE_OPAQUE:
	case WIRE_MODE_COUNT:
		break;
	}
	return -1;
}

/* The client's next message by its first bytes; the rest is skipped. */
static size_t parse_frames(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			   struct wire_event *event)
{
	enum { HEADER, REST };
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	size_t used = 0;

	*event = (struct wire_event){.kind = WIRE_REQUEST, .begins = wire_at_boundary(s)};
	while (s->state == HEADER) {
		struct wire_frame frame = {0};
		int want = take_frame(parser, s, &frame);

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

static size_t parse_mode(struct wire_parser *parser, enum wire_direction direction,
			 const uint8_t *bytes, size_t len, const struct wire_request *head,
			 struct wire_event *event)
{
	const struct follower *f = protocol_of(parser->protocol);

	switch ((enum wire_mode)parser->mode) {
	case WIRE_MODE_EXCHANGES:
		if (f->parse == NULL)
			break;
		return f->parse(parser, direction, bytes, len, head, event);
	case WIRE_MODE_FRAMES:
	case WIRE_MODE_TLS:
	case WIRE_MODE_COMPRESSED:
		if (direction == WIRE_CLIENT)
			return parse_frames(parser, bytes, len, event);
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
		used = parse_mode(parser, direction, bytes, len, head, event);
	/* A state that nobody left behind must not keep the caller in a loop. */
	if (used == 0 || used > len)
		used = stream_lost(event, len);
	event->protocol = (enum protocol)(protocol < PROTOCOL_COUNT ? protocol : PROTOCOL_UNKNOWN);
	return used;
}

bool wire_identify_text(enum protocol protocol, const uint8_t *bytes, size_t len,
			struct wire_event *event)
{
	const struct wire_words *words = protocol_of(protocol)->words;

	*event = (struct wire_event){.kind = WIRE_REQUEST, .protocol = protocol};
	for (size_t i = 0; words != NULL && i < words->count; i++) {
		size_t word_len = strlen(words->words[i]);

		if (len <= word_len || memcmp(bytes, words->words[i], word_len) != 0 ||
		    bytes[word_len] > ' ')
			continue;
		event->identified = true;
		event->code = (uint16_t)(i + 1);
		if (event->code == words->goodbye)
			event->goodbye = WIRE_GOODBYE_LIKELY;
		return true;
	}
	return false;
}

const char *wire_message_name(enum protocol protocol, enum wire_direction direction, uint16_t code)
{
	const struct follower *f = protocol_of(protocol);

	return code != 0 && f->name != NULL ? f->name(direction, code) : NULL;
}

bool wire_server_pushes(enum protocol protocol)
{
	return protocol_of(protocol)->pushes;
}
