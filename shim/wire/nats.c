/* SPDX-License-Identifier: MIT */
/*
 * NATS: first bytes.
 *
 *   INFO {"server_id":...} CR LF        server, first
 *   CONNECT {"verbose":...} CR LF       client, then PING CR LF
 *
 * Source: NATS documentation, "Client Protocol" (reference/protocols/client): INFO, CONNECT, read
 * 2026-11.  Operation names are case-insensitive; servers and clients write capitals.
 */
#include "tell.h"

static enum wire_match tell_client(const uint8_t *bytes, size_t len)
{
	return wire_match_text(bytes, len, "CONNECT {");
}

static enum wire_match tell_server(const uint8_t *bytes, size_t len)
{
	return wire_match_text(bytes, len, "INFO {");
}

const struct wire_protocol wire_nats = {
	.protocol = PROTOCOL_NATS,
	.greets = true,
	.tell = {tell_client, tell_server},
	.ports = {4222},
};
