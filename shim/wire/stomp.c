/* SPDX-License-Identifier: MIT */
/*
 * STOMP: first bytes.
 *
 *   <command> EOL  <header:value EOL>*  EOL  <body>  NUL       EOL is LF, or CR LF since 1.2
 *
 *   CONNECT or STOMP        client
 *   CONNECTED               server
 *
 * Source: STOMP Protocol Specification 1.2, "STOMP Frames", "CONNECT or STOMP Frame".
 */
#include "wire/stream.h"
#include "wire/protocol.h"

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const char *const frames[] = {"CONNECT\n", "CONNECT\r\n", "STOMP\n", "STOMP\r\n",
					     NULL};

	return wire_match_texts(bytes, len, frames);
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const char *const frames[] = {"CONNECTED\n", "CONNECTED\r\n", NULL};

	return wire_match_texts(bytes, len, frames);
}

const struct wire_protocol wire_stomp = {
	.protocol = PROTOCOL_STOMP,
	.recognise = {recognise_client, recognise_server},
	.ports = {61613, 61614 /* by habit with TLS */},
};

static const char *const words[] = {
	"CONNECT", "STOMP", "SEND",   "SUBSCRIBE", "UNSUBSCRIBE", "ACK",
	"NACK",	   "BEGIN", "COMMIT", "ABORT",	   "DISCONNECT",
};

const struct wire_words stomp_words = {NAMES(words), 11 /* DISCONNECT */};

const char *stomp_name(enum wire_direction direction, uint16_t code)
{
	(void)direction;
	return wire_name_at(NAMES(words), code);
}
