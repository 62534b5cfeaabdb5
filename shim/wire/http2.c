/* SPDX-License-Identifier: MIT */
/*
 * HTTP/2 and gRPC without TLS: first bytes.
 *
 *   client:  "PRI * HTTP/2.0" CR LF CR LF "SM" CR LF CR LF, 24 bytes, then SETTINGS
 *   server:  00 00 LL | 04 | 00..01 | 00 00 00 00    SETTINGS, at any time, also first
 *
 * Source: RFC 9113 section 3.4 "HTTP/2 Connection Preface", 4.1 "Frame Format", 6.5 "SETTINGS".
 */
#include "tell.h"

static enum wire_match tell_client(const uint8_t *bytes, size_t len)
{
	return wire_match_text(bytes, len, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}

static enum wire_match tell_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range settings[] = {
		WIRE_IS(0x00), WIRE_IS(0x00), {0x00, 0x60},  WIRE_IS(0x04), {0x00, 0x01},
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00),
	};

	/* A setting takes 6 bytes. */
	if (len >= 3 && bytes[2] % 6 != 0)
		return WIRE_NO;
	return WIRE_MATCH_RANGES(bytes, len, settings);
}

const struct wire_protocol wire_http2 = {
	.protocol = PROTOCOL_HTTP2,
	.tell = {tell_client, tell_server},
	.ports = {50051 /* gRPC by habit */},
};
