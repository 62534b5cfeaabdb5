/* SPDX-License-Identifier: MIT */
/*
 * MySQL X protocol: first bytes.
 *
 *   message | length of the rest, 4 bytes LE | type | protobuf payload ... |
 *
 *   01 00 00 00 | 01                   CON_CAPABILITIES_GET       client
 *   LL LL 00 00 | 02 | 0A ..           CON_CAPABILITIES_SET       client, field 1
 *   LL LL 00 00 | 04 | 0A ..           SESS_AUTHENTICATE_START    client, field 1
 *   LL 00 00 00 | 0B | 08 05 ..        NOTICE, frame type 5 (SERVER_HELLO)   server, first
 *
 * Sources: MySQL Source Code Documentation, "X Protocol", Mysqlx::ClientMessages,
 * Mysqlx::ServerMessages (NOTICE = 11), Mysqlx::Notice::ServerHello (type 5).
 */
#include "wire/protocol.h"

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range capabilities_get[] = {
		WIRE_IS(0x01), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x01),
	};
	static const struct wire_range capabilities_set[] = {
		WIRE_ANY, WIRE_ANY, WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x02), WIRE_IS(0x0a),
	};
	static const struct wire_range authenticate[] = {
		WIRE_ANY, WIRE_ANY, WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x04), WIRE_IS(0x0a),
	};

	return wire_match_best(WIRE_MATCH_RANGES(bytes, len, capabilities_get),
			       wire_match_best(WIRE_MATCH_RANGES(bytes, len, capabilities_set),
					       WIRE_MATCH_RANGES(bytes, len, authenticate)));
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range hello[] = {
		{0x03, 0x40},  WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(0x0b), WIRE_IS(0x08), WIRE_IS(0x05),
	};

	return WIRE_MATCH_RANGES(bytes, len, hello);
}

const struct wire_protocol wire_mysqlx = {
	.greets = true,
	.recognise = {recognise_client, recognise_server},
	.ports = {33060},
	.paths = {"mysqlx"},
};
