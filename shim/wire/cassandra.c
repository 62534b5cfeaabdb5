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
#include "wire/protocol.h"

#define CASSANDRA_STARTUP 0x01
#define CASSANDRA_OPTIONS 0x05
#define CASSANDRA_SUPPORTED 0x06

static bool is_version(uint8_t byte)
{
	return (byte >= 0x03 && byte <= 0x06) || (byte >= 0x41 && byte <= 0x42);
}

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
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

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range reply[] = {
		WIRE_ANY,      {0x00, 0x1f},  WIRE_ANY,	    WIRE_ANY, {0x00, CASSANDRA_SUPPORTED},
		WIRE_IS(0x00), WIRE_IS(0x00), {0x00, 0x0f}, WIRE_ANY,
	};

	if (bytes[0] < 0x80 || !is_version(bytes[0] & 0x7f))
		return WIRE_NO;
	return WIRE_MATCH_RANGES(bytes, len, reply);
}

/* From v5 on frames are wrapped once the connection has started; wrapped frames fail here, and only
 * names are lost: the protocol has no goodbye. */
static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	uint32_t len;

	if (have < 9)
		return 9;
	len = wire_be32(kept + 5);
	if (!is_version(kept[0]) || kept[4] > 0x10 || len > 0x10000000u)
		return -1;
	frame->len_bytes = 9 + (uint64_t)len;
	frame->code = (uint16_t)(kept[4] + 1);
	return 0;
}

/* By code, from 1 on. */
static const char *const names[] = {
	"ERROR",     "STARTUP", "READY",	  "AUTHENTICATE",  NULL,	   "OPTIONS",
	"SUPPORTED", "QUERY",	"RESULT",	  "PREPARE",	   "EXECUTE",	   "REGISTER",
	"EVENT",     "BATCH",	"AUTH_CHALLENGE", "AUTH_RESPONSE", "AUTH_SUCCESS",
};

const struct wire_protocol wire_cassandra = {
	.recognise = {recognise_client, recognise_server},
	.ports = {9042, 9142 /* by habit with TLS */},
	.frame = read_frame,
	.names = {NAMES(names)},
	.pushes = true,
};
