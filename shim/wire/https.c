/* SPDX-License-Identifier: MIT */
/*
 * HTTP inside TLS whose version is not known: the client's hello offers HTTP/2 and HTTP/1.1, and
 * the server's choice is encrypted (RFC 8446 section 4.3.1), as always with TLS 1.3, or was not
 * read. Found by tls_hello.c; nothing is recognised by first bytes.
 */
#include "wire/protocol.h"

const struct wire_protocol wire_https = {
	.pushes = true, /* an HTTP/2 server does: SETTINGS, PING, WINDOW_UPDATE */
};
