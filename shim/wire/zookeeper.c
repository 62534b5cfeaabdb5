/* SPDX-License-Identifier: MIT */
/*
 * ZooKeeper: first bytes.
 *
 *   0..3          4..7         8..15       16..19     20..27       28..31
 *   | length BE   | protocol 0 | last zxid | timeout  | session id | password length 16 | ...
 *     2C or 2D                                                       00 00 00 10
 *   answer:
 *   | length BE   | protocol 0 | timeout   | session id | password length | ...
 *     24 or 25
 *
 * The last byte of 2D and 25 is the read-only flag, absent from old peers.
 *
 * Source: apache/zookeeper zookeeper.jute, ConnectRequest and ConnectResponse; every record is
 * preceded by its length, a buffer by its own.
 */
#include "tell.h"

static enum wire_match tell_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range connect[] = {
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), {0x2c, 0x2d},  WIRE_IS(0x00),
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_ANY,	    WIRE_ANY,
		WIRE_ANY,      WIRE_ANY,      WIRE_ANY,	     WIRE_ANY,	    WIRE_ANY,
		WIRE_ANY,      WIRE_ANY,      WIRE_ANY,	     WIRE_ANY,	    WIRE_ANY,
		WIRE_ANY,      WIRE_ANY,      WIRE_ANY,	     WIRE_ANY,	    WIRE_ANY,
		WIRE_ANY,      WIRE_ANY,      WIRE_ANY,	     WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(0x00), WIRE_IS(0x10),
	};
	_Static_assert(sizeof connect / sizeof connect[0] == FORKSAN_HEAD_BYTES, "all of the head");

	return WIRE_MATCH_RANGES(bytes, len, connect);
}

static enum wire_match tell_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range connected[] = {
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), {0x24, 0x25},  WIRE_IS(0x00),
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_ANY,
		WIRE_ANY,      WIRE_ANY,      WIRE_ANY,	     WIRE_ANY,	    WIRE_ANY,
		WIRE_ANY,      WIRE_ANY,      WIRE_ANY,	     WIRE_ANY,	    WIRE_ANY,
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x10),
	};

	return WIRE_MATCH_RANGES(bytes, len, connected);
}

const struct wire_protocol wire_zookeeper = {
	.protocol = PROTOCOL_ZOOKEEPER,
	.tell = {tell_client, tell_server},
	.ports = {2181, 2281 /* by habit with TLS */},
};
