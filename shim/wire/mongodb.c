/* SPDX-License-Identifier: MIT */
/*
 * MongoDB: first bytes.
 *
 *   0..3        4..7         8..11            12..15
 *   | length LE | request id | response to    | opcode      | ...
 *   client      | any        | 00 00 00 00    | D4 07 00 00   OP_QUERY 2004 (the first hello)
 *                                             | DD 07 00 00   OP_MSG 2013
 *                                             | DC 07 00 00   OP_COMPRESSED 2012
 *   server      | any        | the request id | 01 00 00 00   OP_REPLY, or OP_MSG, OP_COMPRESSED
 *
 * Sources: MongoDB manual, "MongoDB Wire Protocol": "Standard Message Header", "Opcodes"; a message
 * is at most 48,000,000 bytes (maxMessageSizeBytes of hello).
 */
#include "wire/protocol.h"

#define MONGODB_HEADER_BYTES 16

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range request[] = {
		WIRE_ANY,      WIRE_ANY,      {0x00, 0xff},  {0x00, 0x02},  /* length */
		WIRE_ANY,      WIRE_ANY,      WIRE_ANY,	     WIRE_ANY,	    /* request id */
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), /* response to */
		{0xd4, 0xdd},  WIRE_IS(0x07), WIRE_IS(0x00), WIRE_IS(0x00), /* opcode */
	};

	if (len >= 4 && wire_le32(bytes) <= MONGODB_HEADER_BYTES)
		return WIRE_NO;
	return WIRE_MATCH_RANGES(bytes, len, request);
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range reply[] = {
		WIRE_ANY, WIRE_ANY,	WIRE_ANY,      {0x00, 0x02},  WIRE_ANY, WIRE_ANY,
		WIRE_ANY, WIRE_ANY,	WIRE_ANY,      WIRE_ANY,      WIRE_ANY, WIRE_ANY,
		WIRE_ANY, {0x00, 0x07}, WIRE_IS(0x00), WIRE_IS(0x00),
	};
	enum wire_match match = WIRE_MATCH_RANGES(bytes, len, reply);

	if (len >= 4 && wire_le32(bytes) <= MONGODB_HEADER_BYTES)
		return WIRE_NO;
	if (match == WIRE_YES) {
		uint32_t opcode = wire_le32(bytes + 12);

		if (opcode != 1 && opcode != 2012 && opcode != 2013)
			return WIRE_NO;
	}
	return match;
}

static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	uint32_t len, opcode;

	if (have < MONGODB_HEADER_BYTES)
		return MONGODB_HEADER_BYTES;
	len = wire_le32(kept);
	opcode = wire_le32(kept + 12);
	if (len <= MONGODB_HEADER_BYTES || len > 0x4000000u || opcode < 2001 || opcode > 2013)
		return -1;
	frame->len_bytes = len;
	frame->code = (uint16_t)(opcode - 2000);
	return 0;
}

/* By code, from 1 on. */
static const char *const names[] = {
	"OP_UPDATE",	   "OP_INSERT",	  "OP_GET_BY_OID",
	"OP_QUERY",	   "OP_GET_MORE", "OP_DELETE",
	"OP_KILL_CURSORS", NULL,	  NULL,
	"OP_COMMAND",	   NULL,	  "OP_COMPRESSED",
	"OP_MSG",
};

const struct wire_protocol wire_mongodb = {
	.recognise = {recognise_client, recognise_server},
	.ports = {27017, 27018, 27019},
	.paths = {"mongodb-"},
	.frame = read_frame,
	.names = {NAMES(names)},
};
