/* SPDX-License-Identifier: MIT */
/*
 * Cassandra's native protocol, CQL (also ScyllaDB, DataStax): first bytes.
 *
 *   0         1       2..3     4        5..8
 *   | version | flags | stream | opcode | length BE | body ...
 *   03 .. 05, 41, 42 (DSE)       05        00 00 00 00             OPTIONS      client
 *                                01        00 00 00 LL | 00 nn | 00 LL "CQL_VERSION" ...   STARTUP
 *   83 .. 85, C1, C2             06 SUPPORTED, 02 READY, 03 AUTHENTICATE, 00 ERROR         server
 *
 * Sources: apache/cassandra doc/native_protocol_v5.spec, section 2 "Frame header", 2.4 "opcode",
 * 4.1.1 "STARTUP" (read 2026-11); v3 and v4 have the same header.
 */
#include "tell.h"

#define CASSANDRA_STARTUP 0x01
#define CASSANDRA_OPTIONS 0x05
#define CASSANDRA_SUPPORTED 0x06

static bool is_version(uint8_t byte)
{
	return (byte >= 0x03 && byte <= 0x06) || (byte >= 0x41 && byte <= 0x42);
}

static enum wire_match tell_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range options[] = {
		WIRE_ANY,
		{0x00, 0x1f},
		{0x00, 0x7f},
		WIRE_ANY,
		WIRE_IS(CASSANDRA_OPTIONS),
		WIRE_IS(0x00),
		WIRE_IS(0x00),
		WIRE_IS(0x00),
		WIRE_IS(0x00),
	};
	/* The body is a map of few options whose names are upper case. */
	static const struct wire_range startup[] = {
		WIRE_ANY,      {0x00, 0x1f},  {0x00, 0x7f}, WIRE_ANY,	WIRE_IS(CASSANDRA_STARTUP),
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_ANY,	    WIRE_ANY,	WIRE_IS(0x00),
		{1, 32},       WIRE_IS(0x00), {1, 64},	    {'A', 'Z'},
	};

	if (!is_version(bytes[0]))
		return WIRE_NO;
	return wire_match_best(WIRE_MATCH_RANGES(bytes, len, options),
			       WIRE_MATCH_RANGES(bytes, len, startup));
}

static enum wire_match tell_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range reply[] = {
		WIRE_ANY,      {0x00, 0x1f},  WIRE_ANY,	    WIRE_ANY, {0x00, CASSANDRA_SUPPORTED},
		WIRE_IS(0x00), WIRE_IS(0x00), {0x00, 0x0f}, WIRE_ANY,
	};

	if (bytes[0] < 0x80 || !is_version(bytes[0] & 0x7f))
		return WIRE_NO;
	return WIRE_MATCH_RANGES(bytes, len, reply);
}

const struct wire_protocol wire_cassandra = {
	.protocol = PROTOCOL_CASSANDRA,
	.tell = {tell_client, tell_server},
	.ports = {9042, 9142 /* by habit with TLS */},
};
