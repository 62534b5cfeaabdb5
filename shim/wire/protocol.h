/* SPDX-License-Identifier: MIT */
/*
 * What one protocol's file tells the others: how to recognise its first bytes, and where such a
 * server listens.  Private to shim/wire/.
 *
 * A recogniser sees the first `len` bytes of one direction and answers NO, MAYBE or YES.  It is
 * monotone: once it has said NO or YES it says so for every longer prefix.  It never says YES or NO
 * about no bytes, and never MAYBE about FORKSAN_HEAD_BYTES.  wire_identify() takes the first
 * protocol of its table that has not said NO, so a recogniser need only exclude those that stand
 * above it.
 */
#ifndef FORKSAN_SHIM_WIRE_PROTOCOL_H
#define FORKSAN_SHIM_WIRE_PROTOCOL_H

#include "wire/wire.h"

enum wire_match {
	WIRE_NO,
	WIRE_MAYBE, /* all bytes so far fit, too few to be sure */
	WIRE_YES,
};

#define WIRE_MAX_PORTS 6
#define WIRE_MAX_PATHS 4

struct wire_protocol {
	enum protocol protocol;
	/* The server speaks first: its word then counts more than the client's. */
	bool greets;
	/* By enum wire_direction; NULL: the first bytes of that direction say nothing. */
	enum wire_match (*recognise[2])(const uint8_t *bytes, size_t len);
	uint16_t ports[WIRE_MAX_PORTS];	   /* 0 ends the list */
	const char *paths[WIRE_MAX_PATHS]; /* parts of a unix path's last component */
};

extern const struct wire_protocol wire_amqp, wire_beanstalkd, wire_bolt, wire_cassandra,
	wire_clickhouse, wire_http, wire_http2, wire_kafka, wire_ldap, wire_memcached, wire_mongodb,
	wire_mqtt, wire_mysql, wire_mysqlx, wire_nats, wire_oracle, wire_postgresql, wire_redis,
	wire_smtp, wire_stomp, wire_tds, wire_tls, wire_zookeeper;

/* A byte that must lie in [low, high]. */
struct wire_range {
	uint8_t low;
	uint8_t high;
};

#define WIRE_IS(b)                                                                                 \
	{                                                                                          \
		(b), (b)                                                                           \
	}
#define WIRE_ANY                                                                                   \
	{                                                                                          \
		0x00, 0xff                                                                         \
	}

static inline enum wire_match wire_match_ranges(const uint8_t *bytes, size_t len,
						const struct wire_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i == len)
			return WIRE_MAYBE;
		if (bytes[i] < ranges[i].low || bytes[i] > ranges[i].high)
			return WIRE_NO;
	}
	return WIRE_YES;
}

#define WIRE_MATCH_RANGES(bytes, len, ranges)                                                      \
	wire_match_ranges((bytes), (len), (ranges), sizeof(ranges) / sizeof(ranges)[0])

static inline enum wire_match wire_match_text(const uint8_t *bytes, size_t len, const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++) {
		if (i == len)
			return WIRE_MAYBE;
		if (bytes[i] != (uint8_t)text[i])
			return WIRE_NO;
	}
	return WIRE_YES;
}

static inline enum wire_match wire_match_best(enum wire_match a, enum wire_match b)
{
	return a > b ? a : b;
}

/* The best match of any of `texts`, which ends with NULL. */
static inline enum wire_match wire_match_texts(const uint8_t *bytes, size_t len,
					       const char *const *texts)
{
	enum wire_match best = WIRE_NO;

	for (; *texts != NULL; texts++)
		best = wire_match_best(best, wire_match_text(bytes, len, *texts));
	return best;
}

static inline bool wire_is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static inline bool wire_is_printable(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

/* Integers as they stand on the wire: big- and little-endian. */
static inline uint32_t wire_be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t wire_be32(const uint8_t *p)
{
	return wire_be16(p) << 16 | wire_be16(p + 2);
}

static inline uint32_t wire_le16(const uint8_t *p)
{
	return (uint32_t)p[1] << 8 | p[0];
}

static inline uint32_t wire_le24(const uint8_t *p)
{
	return (uint32_t)p[2] << 16 | wire_le16(p);
}

static inline uint32_t wire_le32(const uint8_t *p)
{
	return wire_le16(p + 2) << 16 | wire_le16(p);
}

#endif
