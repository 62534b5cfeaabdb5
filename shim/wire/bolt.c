/* SPDX-License-Identifier: MIT */
/*
 * Neo4j's Bolt: first bytes.
 *
 *   client:  60 60 B0 17 | four versions, 4 bytes each
 *   server:  the chosen version, 4 bytes: says nothing alone
 *
 * Source: Neo4j documentation, "Bolt Protocol handshake specification", section "Handshake".
 */
#include "tell.h"

static enum wire_match tell_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range magic[] = {
		WIRE_IS(0x60),
		WIRE_IS(0x60),
		WIRE_IS(0xb0),
		WIRE_IS(0x17),
	};

	return WIRE_MATCH_RANGES(bytes, len, magic);
}

const struct wire_protocol wire_bolt = {
	.protocol = PROTOCOL_BOLT,
	.tell = {tell_client, NULL},
	.ports = {7687},
};
