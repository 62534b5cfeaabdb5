/* SPDX-License-Identifier: MIT */
/*
 * Neo4j's Bolt: first bytes, and the client's chunks.
 *
 *   client:  60 60 B0 17 | four versions, 4 bytes each
 *   server:  the chosen version, 4 bytes: says nothing alone
 *
 *   chunk:   | length 2 BE | B<fields> | type | ...    a message ends with 00 00
 *            00 02 | B0 02 | 00 00                     GOODBYE
 *
 * Source: Neo4j documentation, "Bolt Protocol handshake specification", section "Handshake";
 * "Bolt Protocol message specification" (GOODBYE 02, and the others), "Chunking".
 */
#include "wire/protocol.h"

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range magic[] = {
		WIRE_IS(0x60),
		WIRE_IS(0x60),
		WIRE_IS(0xb0),
		WIRE_IS(0x17),
	};

	return WIRE_MATCH_RANGES(bytes, len, magic);
}

#define BOLT_MAGIC 0x6060b017u
#define BOLT_HANDSHAKE_BYTES 20
#define BOLT_GOODBYE 0x02

/* A chunk.  A message of several chunks shows the type in the first one only; the other chunks pass
 * for messages without a name. */
static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	uint32_t len;

	if (have < 2)
		return 2;
	len = wire_be16(kept);
	frame->len_bytes = 2 + (uint64_t)len;
	if (len < 2)
		return 0; /* 00 00 ends a message */
	if (have < 4)
		return 4;
	if (wire_be32(kept) == BOLT_MAGIC) {
		frame->len_bytes = BOLT_HANDSHAKE_BYTES;
		return 0;
	}
	if ((kept[2] & 0xf0) == 0xb0) { /* a structure: number of fields, type */
		frame->code = (uint16_t)(kept[3] + 1);
		if (kept[3] == BOLT_GOODBYE && len == 2)
			frame->goodbye = WIRE_GOODBYE;
	}
	return 0;
}

static const char *name_of(enum wire_direction direction, uint16_t code)
{
	(void)direction;
	switch (code - 1) {
	case 0x01:
		return "HELLO";
	case BOLT_GOODBYE:
		return "GOODBYE";
	case 0x0f:
		return "RESET";
	case 0x10:
		return "RUN";
	case 0x11:
		return "BEGIN";
	case 0x12:
		return "COMMIT";
	case 0x13:
		return "ROLLBACK";
	case 0x2f:
		return "DISCARD";
	case 0x3f:
		return "PULL";
	case 0x6a:
		return "LOGON";
	}
	return NULL;
}

const struct wire_protocol wire_bolt = {
	.recognise = {recognise_client, NULL},
	.ports = {7687},
	.frame = read_frame,
	.name = name_of,
};
