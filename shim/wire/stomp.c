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

static const char *const words[] = {
	"CONNECT", "STOMP", "SEND",   "SUBSCRIBE", "UNSUBSCRIBE", "ACK",
	"NACK",	   "BEGIN", "COMMIT", "ABORT",	   "DISCONNECT",
};

const struct wire_protocol wire_stomp = {
	.recognise = {recognise_client, recognise_server},
	.ports = {61613, 61614 /* by habit with TLS */},
	.names = {NAMES(words)},
	.starts_with_name = true,
	.goodbye_code = 11, /* DISCONNECT */
	.pushes = true,
};
