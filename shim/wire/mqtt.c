/* SPDX-License-Identifier: MIT */
/*
 * MQTT 3.1, 3.1.1 and 5: first bytes, and the client's packets.
 *
 *   10 | remaining length, 1 to 4 bytes | 00 04 "MQTT" | 04 or 05 | ...      CONNECT     client
 *   10 | remaining length               | 00 06 "MQIsdp" | 03 | ...          CONNECT 3.1
 *   20 | 02 | 00..01 | 00..05                                                CONNACK     server
 *   E0 | 00  or, in 5, reason and properties                                 DISCONNECT  client
 *
 * Remaining length: 7 bits a byte, the eighth says that another follows.
 *
 * Sources: OASIS MQTT 3.1.1 and 5.0, sections 2.2.3 "Remaining Length", 3.1 "CONNECT", 3.2
 * "CONNACK", 3.14 "DISCONNECT"; IBM MQTT 3.1 for the older name.
 */
#include "wire/protocol.h"

#define MQTT_CONNECT 0x10
#define MQTT_LENGTH_BYTES 4

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range name[] = {
		WIRE_IS(0x00), WIRE_IS(0x04), WIRE_IS('M'),
		WIRE_IS('Q'),  WIRE_IS('T'),  WIRE_IS('T'),
	};
	static const struct wire_range old_name[] = {
		WIRE_IS(0x00), WIRE_IS(0x06), WIRE_IS('M'), WIRE_IS('Q'),
		WIRE_IS('I'),  WIRE_IS('s'),  WIRE_IS('d'), WIRE_IS('p'),
	};
	size_t at = 1;

	if (bytes[0] != MQTT_CONNECT)
		return WIRE_NO;
	while (at < len && at <= MQTT_LENGTH_BYTES && (bytes[at] & 0x80) != 0)
		at++;
	if (at > MQTT_LENGTH_BYTES)
		return WIRE_NO;
	if (at >= len)
		return WIRE_MAYBE;
	at++;
	return wire_match_best(WIRE_MATCH_RANGES(bytes + at, len - at, name),
			       WIRE_MATCH_RANGES(bytes + at, len - at, old_name));
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range connack[] = {
		WIRE_IS(0x20),
		WIRE_IS(0x02),
		{0x00, 0x01},
		{0x00, 0x05},
	};

	return WIRE_MATCH_RANGES(bytes, len, connack);
}

#define MQTT_DISCONNECT 0xe0

static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	uint64_t len = 0;
	size_t at = 1;

	if (have < 2)
		return 2;
	if (kept[0] < MQTT_CONNECT)
		return -1;
	for (;; at++) {
		if (at > MQTT_LENGTH_BYTES)
			return -1;
		if (at >= have)
			return (int)at + 1;
		len |= (uint64_t)(kept[at] & 0x7f) << (7 * (at - 1));
		if ((kept[at] & 0x80) == 0)
			break;
	}
	frame->len_bytes = at + 1 + len;
	frame->code = (uint16_t)(kept[0] >> 4);
	if (kept[0] == MQTT_DISCONNECT)
		frame->goodbye = WIRE_GOODBYE;
	return 0;
}

/* By code, from 1 on. */
static const char *const names[] = {
	"CONNECT",  "CONNACK", "PUBLISH",   "PUBACK",	  "PUBREC",
	"PUBREL",   "PUBCOMP", "SUBSCRIBE", "SUBACK",	  "UNSUBSCRIBE",
	"UNSUBACK", "PINGREQ", "PINGRESP",  "DISCONNECT", "AUTH",
};

const struct wire_protocol wire_mqtt = {
	.recognise = {recognise_client, recognise_server},
	.ports = {1883, 8883 /* TLS */},
	.frame = read_frame,
	.names = {NAMES(names)},
	.pushes = true,
};
