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
#include "wire/protocol.h"

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	return wire_match_text(bytes, len, "CONNECT {");
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	return wire_match_text(bytes, len, "INFO {");
}

static const char *const words[] = {
	"CONNECT", "PUB", "HPUB", "SUB", "UNSUB", "PING", "PONG",
};

const struct wire_protocol wire_nats = {
	.greets = true,
	.recognise = {recognise_client, recognise_server},
	.ports = {4222},
	.names = {NAMES(words)},
	.starts_with_name = true,
	.pushes = true,
};
