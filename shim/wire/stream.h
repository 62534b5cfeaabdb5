/* SPDX-License-Identifier: MIT */
/*
 * What the followers share: taking bytes into a stream, skipping, losing track; and the table of
 * followers.  Private to shim/wire/.
 *
 * A follower is called with at least one byte and must consume at least one.  It trusts no field of
 * the stream beyond its type: `have` is clamped before it is called, `skip` is only ever lowered,
 * and an unknown state or phase is "lost".
 */
#ifndef FORKSAN_SHIM_WIRE_STREAM_H
#define FORKSAN_SHIM_WIRE_STREAM_H

#include <string.h>

#include "wire/parse.h"

/* A message in FRAMES mode, as its first bytes tell it. */
struct wire_frame {
	uint64_t len_bytes; /* of the whole message */
	uint16_t code;
	enum wire_goodbye goodbye;
};

/* The first `have` bytes of a client's message: 0 when they tell the frame, else how many bytes
 * (more than `have`, at most WIRE_KEPT_BYTES) would, or -1 when no message begins like that. */
int amqp_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);
int bolt_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);
int cassandra_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);
int http2_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);
int kafka_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);
int ldap_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);
int mongodb_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);
int mqtt_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);
int mysql_compressed_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);
int tds_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);
int tls_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);
int zookeeper_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);

/* wire_parse() for one protocol. */
size_t memcached_parse(struct wire_parser *parser, enum wire_direction direction,
		       const uint8_t *bytes, size_t len, const struct wire_request *head,
		       struct wire_event *event);
size_t mysql_parse(struct wire_parser *parser, enum wire_direction direction, const uint8_t *bytes,
		   size_t len, const struct wire_request *head, struct wire_event *event);
size_t postgresql_parse(struct wire_parser *parser, enum wire_direction direction,
			const uint8_t *bytes, size_t len, const struct wire_request *head,
			struct wire_event *event);
size_t redis_parse(struct wire_parser *parser, enum wire_direction direction, const uint8_t *bytes,
		   size_t len, const struct wire_request *head, struct wire_event *event);

#define NAMES(names) (names), sizeof(names) / sizeof(names)[0]

/* The name of code n in a table that starts at 1; NULL: a hole, or past the end. */
static inline const char *wire_name_at(const char *const *names, size_t count, uint16_t code)
{
	return code > 0 && code <= count ? names[code - 1] : NULL;
}

/* The names of messages by their codes. */
const char *amqp_name(enum wire_direction direction, uint16_t code);
const char *beanstalkd_name(enum wire_direction direction, uint16_t code);
const char *bolt_name(enum wire_direction direction, uint16_t code);
const char *cassandra_name(enum wire_direction direction, uint16_t code);
const char *http_name(enum wire_direction direction, uint16_t code);
const char *http2_name(enum wire_direction direction, uint16_t code);
const char *kafka_name(enum wire_direction direction, uint16_t code);
const char *ldap_name(enum wire_direction direction, uint16_t code);
const char *memcached_name(enum wire_direction direction, uint16_t code);
const char *mongodb_name(enum wire_direction direction, uint16_t code);
const char *mqtt_name(enum wire_direction direction, uint16_t code);
const char *mysql_name(enum wire_direction direction, uint16_t code);
const char *nats_name(enum wire_direction direction, uint16_t code);
const char *postgresql_name(enum wire_direction direction, uint16_t code);
const char *redis_name(enum wire_direction direction, uint16_t code);
const char *smtp_name(enum wire_direction direction, uint16_t code);
const char *stomp_name(enum wire_direction direction, uint16_t code);
const char *tds_name(enum wire_direction direction, uint16_t code);
const char *tls_name(enum wire_direction direction, uint16_t code);
const char *zookeeper_name(enum wire_direction direction, uint16_t code);

/* Words that start a client's message in the text protocols; a word's code is its place plus 1. */
struct wire_words {
	const char *const *words;
	size_t count;
	uint16_t goodbye; /* the code of the word that ends the session, 0 none */
};

extern const struct wire_words beanstalkd_words, http_words, nats_words, smtp_words, stomp_words;

/* Takes bytes until `want` are kept; returns how many were taken. */
static inline size_t stream_keep(struct wire_stream *stream, size_t want, const uint8_t *bytes,
				 size_t len)
{
	size_t take = want > stream->have ? want - stream->have : 0;

	if (take > len)
		take = len;
	memcpy(stream->kept + stream->have, bytes, take);
	stream->have = (uint8_t)(stream->have + take);
	return take;
}

/* Passes over payload; returns how many bytes were passed. */
static inline size_t stream_skip(struct wire_stream *stream, size_t len)
{
	size_t pass = stream->skip < len ? (size_t)stream->skip : len;

	stream->skip -= pass;
	return pass;
}

/* Back to between two messages; the phase of the reply stays. */
static inline void stream_next(struct wire_stream *stream)
{
	stream->skip = 0;
	stream->have = 0;
	stream->state = 0;
	stream->flags = 0;
}

/* The end of a whole reply. */
static inline void stream_end(struct wire_stream *stream)
{
	stream_next(stream);
	stream->phase = 0;
	stream->count = 0;
	stream->code = 0;
}

static inline size_t stream_lost(struct wire_event *event, size_t len)
{
	*event = (struct wire_event){.kind = WIRE_LOST};
	return len;
}

#endif
