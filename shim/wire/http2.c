/* SPDX-License-Identifier: MIT */
/*
 * HTTP/2 and gRPC without TLS: first bytes.
 *
 *   client:  "PRI * HTTP/2.0" CR LF CR LF "SM" CR LF CR LF, 24 bytes, then SETTINGS
 *   server:  00 00 LL | 04 | 00..01 | 00 00 00 00    SETTINGS, at any time, also first
 *
 * Source: RFC 9113 section 3.4 "HTTP/2 Connection Preface", 4.1 "Frame Format", 6.5 "SETTINGS".
 */
#include "wire/protocol.h"

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	return wire_match_text(bytes, len, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
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

#define HTTP2_PREFACE_BYTES 24
#define HTTP2_HEADER_BYTES 9
#define HTTP2_GOAWAY 0x07

static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	if (have < HTTP2_HEADER_BYTES)
		return HTTP2_HEADER_BYTES;
	if (kept[0] == 'P') {
		frame->len_bytes = HTTP2_PREFACE_BYTES;
		return 0;
	}
	if (kept[3] > 0x10)
		return -1;
	frame->len_bytes = HTTP2_HEADER_BYTES + (wire_be32(kept) >> 8);
	frame->code = (uint16_t)(kept[3] + 1);
	if (kept[3] == HTTP2_GOAWAY)
		frame->goodbye = WIRE_GOODBYE;
	return 0;
}

/* By code, from 1 on. */
static const char *const names[] = {
	"DATA",		"HEADERS", "PRIORITY", "RST_STREAM",	"SETTINGS",
	"PUSH_PROMISE", "PING",	   "GOAWAY",   "WINDOW_UPDATE", "CONTINUATION",
};

const struct wire_protocol wire_http2 = {
	.recognise = {recognise_client, recognise_server},
	.ports = {50051 /* gRPC by habit */},
	.frame = read_frame,
	.names = {NAMES(names)},
	.pushes = true,
};
