/* SPDX-License-Identifier: MIT */
/*
 * RabbitMQ streams: first bytes, and the client's frames.
 *
 *   0..3        4..5     6..7      8..11            12..15        16..17
 *   | size BE   | key    | version | correlation id | properties  | name's length | name ...
 *
 *   00 00 00 D9 | 00 11  | 00 01   | 00 00 00 01    | 00 00 00 06 | 00 07         | "product"
 *   PeerProperties, the first message of a client; the size does not count its own 4 bytes
 *
 *   00 00 .. .. | 80 11  | 00 01   | 00 00 00 01    | 00 01 ...    the server's answer
 *
 * The top bit of a key marks an answer.  Not all commands have a correlation id.  The server sends
 * unasked: Deliver, PublishConfirm, Heartbeat.
 *
 *   goodbye, client:  key 0016 Close
 *
 * Source: rabbitmq-server deps/rabbitmq_stream/docs/PROTOCOL.adoc, "Frame Structure", "Stream
 * Protocol Commands", "PeerProperties", "Authentication" (read 2026-11).
 */
#include "wire/protocol.h"

#define HEADER_BYTES 8
#define MAX_FRAME 0x10000000u /* the server offers 1 MiB */
#define PEER_PROPERTIES 0x11
#define CLOSE 0x16
#define ANSWER 0x8000u
#define MAX_KEY 0x3f /* 0x1f in RabbitMQ 4 */

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range without_properties[] = {
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(12),   WIRE_IS(0x00), WIRE_IS(PEER_PROPERTIES),
		WIRE_IS(0x00), WIRE_IS(0x01), WIRE_ANY,
		WIRE_ANY,      WIRE_ANY,      WIRE_ANY,
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(0x00),
	};
	static const struct wire_range with_properties[] = {
		WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_ANY,      WIRE_ANY, /* size */
		WIRE_IS(0x00), WIRE_IS(PEER_PROPERTIES),
		WIRE_IS(0x00), WIRE_IS(0x01),
		WIRE_ANY,      WIRE_ANY,
		WIRE_ANY,      WIRE_ANY, /* id */
		WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(0x00), {1, 64}, /* properties */
		WIRE_IS(0x00), {1, 64},
		{'a', 'z'}, /* a name */
	};

	return wire_match_best(WIRE_MATCH_RANGES(bytes, len, without_properties),
			       WIRE_MATCH_RANGES(bytes, len, with_properties));
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range answer[] = {
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_ANY,
		WIRE_ANY,      WIRE_IS(0x80), WIRE_IS(PEER_PROPERTIES),
		WIRE_IS(0x00), WIRE_IS(0x01), WIRE_ANY,
		WIRE_ANY,      WIRE_ANY,      WIRE_ANY,
		WIRE_IS(0x00), {0x01, 0x20},
	};

	return WIRE_MATCH_RANGES(bytes, len, answer);
}

static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	uint32_t len, key;

	if (have < HEADER_BYTES)
		return HEADER_BYTES;
	len = wire_be32(kept);
	key = wire_be16(kept + 4);
	if (len < 4 || len > MAX_FRAME || (key & ~ANSWER) == 0 || (key & ~ANSWER) > MAX_KEY)
		return -1;
	frame->len_bytes = 4 + (uint64_t)len;
	frame->code = (uint16_t)(key & ~ANSWER);
	if (key == CLOSE)
		frame->goodbye = WIRE_GOODBYE;
	return 0;
}

/* By key, from 1 on. */
static const char *const names[] = {
	"DeclarePublisher",
	"Publish",
	"PublishConfirm",
	"PublishError",
	"QueryPublisherSequence",
	"DeletePublisher",
	"Subscribe",
	"Deliver",
	"Credit",
	"StoreOffset",
	"QueryOffset",
	"Unsubscribe",
	"Create",
	"Delete",
	"Metadata",
	"MetadataUpdate",
	"PeerProperties",
	"SaslHandshake",
	"SaslAuthenticate",
	"Tune",
	"Open",
	"Close",
	"Heartbeat",
	"Route",
	"Partitions",
};

const struct wire_protocol wire_rabbitmq_stream = {
	.recognise = {recognise_client, recognise_server},
	.ports = {5552, 5551 /* TLS */},
	.frame = read_frame,
	.names = {NAMES(names)},
	.pushes = true,
};
