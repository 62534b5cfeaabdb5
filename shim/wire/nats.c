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
#include "wire/stream.h"
#include "wire/protocol.h"

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	return wire_match_text(bytes, len, "CONNECT {");
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	return wire_match_text(bytes, len, "INFO {");
}

const struct wire_protocol wire_nats = {
	.protocol = PROTOCOL_NATS,
	.greets = true,
	.recognise = {recognise_client, recognise_server},
	.ports = {4222},
};

static const char *const words[] = {
	"CONNECT", "PUB", "HPUB", "SUB", "UNSUB", "PING", "PONG",
};

const struct wire_words nats_words = {NAMES(words), 0};

const char *nats_name(enum wire_direction direction, uint16_t code)
{
	(void)direction;
	return wire_name_at(NAMES(words), code);
}
