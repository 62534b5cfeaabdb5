/* SPDX-License-Identifier: MIT */
/*
 * Oracle TNS: first bytes.
 *
 *   0..1        2..3     4      5       6..7     8..9         10..11
 *   | length BE | 00 00  | type | flags | 00 00  | version BE | lowest version | ...
 *   CONNECT: type 01, version 300 to 511 (319 in 2025)
 *   server:  type 02 ACCEPT, 04 REFUSE, 05 REDIRECT, 0B RESEND
 *
 * From the ACCEPT of version 315 on the length takes bytes 0 to 3.
 *
 * Sources: the protocol is unpublished; oracle/python-oracledb, impl/thin: packet.pyx (header),
 * messages/connect.pyx (ConnectMessage.send), constants.pxi (packet types, versions), read 2026-11.
 */
#include "wire/protocol.h"

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range connect[] = {
		{0x00, 0x20},  {0x00, 0xff}, WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(0x01), {0x00, 0x1f}, WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(0x01), {0x2c, 0xff}, {0x00, 0x01},  WIRE_ANY,
	};

	/* The fixed part is 58 bytes. */
	if (len >= 2 && wire_be16(bytes) < 58)
		return WIRE_NO;
	return WIRE_MATCH_RANGES(bytes, len, connect);
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range accept[] = {
		{0x00, 0x20}, {0x08, 0xff},  WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x02),
		{0x00, 0x1f}, WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x01), {0x2c, 0xff},
	};
	static const struct wire_range resend[] = {
		WIRE_IS(0x00), WIRE_IS(0x08), WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(0x0b), {0x00, 0x1f},  WIRE_IS(0x00), WIRE_IS(0x00),
	};

	return wire_match_best(WIRE_MATCH_RANGES(bytes, len, accept),
			       WIRE_MATCH_RANGES(bytes, len, resend));
}

const struct wire_protocol wire_oracle = {
	.recognise = {recognise_client, recognise_server},
	.ports = {1521},
};
