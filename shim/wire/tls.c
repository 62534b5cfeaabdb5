/* SPDX-License-Identifier: MIT */
/*
 * TLS: first bytes.
 *
 *   0      1..2      3..4        5
 *   | type | version | length BE | handshake type | ...
 *   16       03 01..   LL LL       01 ClientHello     client
 *   16       03 03     LL LL       02 ServerHello     server
 *   15       03 03     00 02     | 02 | description   server, an alert at once
 *
 * Sources: RFC 8446 section 5.1 "Record Layer" (a record is at most 2^14 bytes), 4 "Handshake
 * Protocol", 6 "Alert Protocol"; RFC 5246 section 6.2.1.
 */
#include "tell.h"

static enum wire_match tell_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range hello[] = {
		WIRE_IS(0x16), WIRE_IS(0x03), {0x00, 0x04}, {0x00, 0x40}, WIRE_ANY, WIRE_IS(0x01),
	};

	return WIRE_MATCH_RANGES(bytes, len, hello);
}

static enum wire_match tell_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range hello[] = {
		WIRE_IS(0x16), WIRE_IS(0x03), {0x00, 0x04}, {0x00, 0x40}, WIRE_ANY, WIRE_IS(0x02),
	};
	static const struct wire_range alert[] = {
		WIRE_IS(0x15), WIRE_IS(0x03), {0x00, 0x04},
		WIRE_IS(0x00), WIRE_IS(0x02), {0x01, 0x02},
	};

	return wire_match_best(WIRE_MATCH_RANGES(bytes, len, hello),
			       WIRE_MATCH_RANGES(bytes, len, alert));
}

const struct wire_protocol wire_tls = {
	.protocol = PROTOCOL_TLS,
	.tell = {tell_client, tell_server},
	.ports = {443, 8443},
};
