/* SPDX-License-Identifier: MIT */
/*
 * ZooKeeper: first bytes, and the client's requests.
 *
 *   0..3          4..7         8..15       16..19     20..27       28..31
 *   | length BE   | protocol 0 | last zxid | timeout  | session id | password length 16 | ...
 *     2C or 2D                                                       00 00 00 10
 *   answer:
 *   | length BE   | protocol 0 | timeout   | session id | password length | ...
 *     24 or 25
 *   request:
 *   | length BE   | xid | type | ...       00 00 00 08 | xid | FF FF FF F5   closeSession: goodbye
 *
 * The last byte of 2D and 25 is the read-only flag, absent from old peers.
 *
 * Source: apache/zookeeper zookeeper.jute, ConnectRequest, ConnectResponse, RequestHeader;
 * ZooDefs.OpCode for the types (closeSession -11).  Every record is preceded by its length, a
 * buffer by its own.
 */
#include "wire/protocol.h"

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
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

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
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

#define ZOOKEEPER_MAX_REQUEST 0x4000000u /* 64 MiB; jute.maxbuffer is 1 MiB by default */
#define ZOOKEEPER_CONNECT_CODE 0x1000
#define ZOOKEEPER_CLOSE (-11)
#define ZOOKEEPER_CODE(type) ((uint16_t)((type) + 0x100))

static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	uint32_t len;
	int32_t type;

	if (have < 12)
		return 12;
	len = wire_be32(kept);
	if (len < 8 || len > ZOOKEEPER_MAX_REQUEST)
		return -1;
	frame->len_bytes = 4 + (uint64_t)len;
	/* The ConnectRequest has no header; its first 12 bytes are zero, a request's type is not.
	 */
	type = (int32_t)wire_be32(kept + 8);
	if ((len == 44 || len == 45) && wire_be32(kept + 4) == 0 && (type == 0 || type > 0xff)) {
		frame->code = ZOOKEEPER_CONNECT_CODE;
		return 0;
	}
	if (type < -0x80 || type > 0x200)
		return -1;
	frame->code = ZOOKEEPER_CODE(type);
	if (type == ZOOKEEPER_CLOSE && len == 8)
		frame->goodbye = WIRE_GOODBYE;
	return 0;
}

static const char *name_of(enum wire_direction direction, uint16_t code)
{
	static const char *const names[] = {
		"create", "delete",	 "exists",  "getData",	"setData",	"getACL",
		"setACL", "getChildren", "sync",    NULL,	"ping",		"getChildren2",
		"check",  "multi",	 "create2", "reconfig", "checkWatches", "removeWatches",
	};

	(void)direction;
	if (code == ZOOKEEPER_CONNECT_CODE)
		return "connect";
	if (code == ZOOKEEPER_CODE(ZOOKEEPER_CLOSE))
		return "closeSession";
	if (code == ZOOKEEPER_CODE(101))
		return "setWatches";
	return code > 0x100 ? wire_name_at(NAMES(names), (uint16_t)(code - 0x100)) : NULL;
}

const struct wire_protocol wire_zookeeper = {
	.recognise = {recognise_client, recognise_server},
	.ports = {2181, 2281 /* by habit with TLS */},
	.frame = read_frame,
	.name = name_of,
	.pushes = true,
};
