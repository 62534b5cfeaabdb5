/* SPDX-License-Identifier: MIT */
/*
 * The table of protocols and the three ways of telling them: by bytes, by port, by path.
 *
 * Each direction is told by itself: the first protocol of the table whose recogniser has not said
 * NO decides, once it says YES.  That makes the answer a refinement however the bytes are cut.  Of
 * the two directions the server's counts first where the protocol greets (a client's login packet
 * means little, the greeting before it all), else the client's, else the server's.
 */
#include "wire/protocol.h"

#include <string.h>

/*
 * Order is meaning: a protocol decides only when every one above it has said NO.  First those whose
 * opening is a fixed text or number, then those told by the shape of a header.
 */
static const struct wire_protocol *const protocols[] = {
	&wire_tls,     &wire_http2,	&wire_amqp,	  &wire_bolt,	   &wire_mqtt,
	&wire_nats,    &wire_stomp,	&wire_http,	  &wire_smtp,	   &wire_postgresql,
	&wire_mysql,   &wire_tds,	&wire_cassandra,  &wire_ldap,	   &wire_oracle,
	&wire_redis,   &wire_memcached, &wire_beanstalkd, &wire_zookeeper, &wire_clickhouse,
	&wire_mongodb, &wire_mysqlx,	&wire_kafka,
};

#define PROTOCOL_TABLE_COUNT (sizeof protocols / sizeof protocols[0])
_Static_assert(PROTOCOL_TABLE_COUNT + 2 == PROTOCOL_COUNT, "all but UNKNOWN and OTHER");

struct answer {
	enum protocol protocol;
	bool greets;
};

static struct answer recognise_direction(enum wire_direction direction, const uint8_t *bytes,
					 size_t len)
{
	if (len == 0)
		return (struct answer){PROTOCOL_UNKNOWN, false};
	for (size_t i = 0; i < PROTOCOL_TABLE_COUNT; i++) {
		const struct wire_protocol *p = protocols[i];

		if (p->recognise[direction] == NULL)
			continue;
		switch (p->recognise[direction](bytes, len)) {
		case WIRE_NO:
			continue;
		case WIRE_MAYBE:
			/* A recogniser that cannot decide on a full head would be a fault of ours;
			 * it must not keep the connection untold for ever. */
			if (len >= FORKSAN_HEAD_BYTES)
				continue;
			return (struct answer){PROTOCOL_UNKNOWN, false};
		case WIRE_YES:
			return (struct answer){p->protocol, p->greets};
		}
	}
	return (struct answer){PROTOCOL_OTHER, false};
}

enum protocol wire_identify(const uint8_t *head[2], const size_t len[2])
{
	struct answer client =
		recognise_direction(WIRE_CLIENT, head[WIRE_CLIENT], len[WIRE_CLIENT]);
	struct answer server =
		recognise_direction(WIRE_SERVER, head[WIRE_SERVER], len[WIRE_SERVER]);

	if (server.greets)
		return server.protocol;
	if (client.protocol != PROTOCOL_UNKNOWN)
		return client.protocol;
	/* Unmatched bytes of a server say nothing: many replies look like nothing in particular. */
	if (server.protocol != PROTOCOL_OTHER)
		return server.protocol;
	return PROTOCOL_UNKNOWN;
}

enum protocol wire_by_port(uint16_t port)
{
	for (size_t i = 0; i < PROTOCOL_TABLE_COUNT; i++) {
		const uint16_t *ports = protocols[i]->ports;

		for (size_t k = 0; k < WIRE_MAX_PORTS && ports[k] != 0; k++) {
			if (ports[k] == port)
				return protocols[i]->protocol;
		}
	}
	return PROTOCOL_UNKNOWN;
}

/* True when `part` occurs in the `len` bytes at `name`, which may hold NULs. */
static bool contains(const char *name, size_t len, const char *part)
{
	size_t part_len = strlen(part);

	for (size_t at = 0; at + part_len <= len; at++) {
		if (memcmp(name + at, part, part_len) == 0)
			return true;
	}
	return false;
}

enum protocol wire_by_path(const char *path, size_t len)
{
	size_t start = 0;

	for (size_t i = 0; i < len; i++) {
		if (path[i] == '/')
			start = i + 1;
	}
	for (size_t i = 0; i < PROTOCOL_TABLE_COUNT; i++) {
		const char *const *parts = protocols[i]->paths;

		for (size_t k = 0; k < WIRE_MAX_PATHS && parts[k] != NULL; k++) {
			if (contains(path + start, len - start, parts[k]))
				return protocols[i]->protocol;
		}
	}
	return PROTOCOL_UNKNOWN;
}

enum connection_class wire_class(enum protocol protocol)
{
#define CLASS_OF(id, name, class) [id] = class,
	static const uint8_t classes[PROTOCOL_COUNT] = {FORKSAN_PROTOCOLS(CLASS_OF)};
#undef CLASS_OF

	if ((unsigned)protocol >= PROTOCOL_COUNT)
		return CLASS_UNKNOWN;
	return (enum connection_class)classes[protocol];
}

const char *wire_protocol_name(enum protocol protocol)
{
#define NAME_OF(id, name, class) [id] = name,
	static const char *const names[PROTOCOL_COUNT] = {FORKSAN_PROTOCOLS(NAME_OF)};
#undef NAME_OF

	return names[(unsigned)protocol < PROTOCOL_COUNT ? protocol : PROTOCOL_UNKNOWN];
}

const char *wire_class_name(enum connection_class class)
{
#define NAME_OF(id, name) [id] = name,
	static const char *const names[CLASS_COUNT] = {FORKSAN_CLASSES(NAME_OF)};
#undef NAME_OF

	return names[(unsigned)class < CLASS_COUNT ? class : CLASS_UNKNOWN];
}
