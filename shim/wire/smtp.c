/* SPDX-License-Identifier: MIT */
/*
 * SMTP and its family (LMTP, FTP, IMAP, POP3), which greet alike and are not watched by default:
 * first bytes.
 *
 *   server, first:  "220 " or "220-"     SMTP, LMTP, FTP
 *                   "* OK" "* PREAUTH"   IMAP
 *                   "+OK "               POP3
 *   client:         "EHLO " "HELO " "LHLO "
 *
 * Sources: RFC 5321 section 3.1 and 4.1.1.1, RFC 2033, RFC 959 section 5.4, RFC 9051 section 7.1,
 * RFC 1939 section 4.
 */
#include "wire/protocol.h"

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const char *const commands[] = {"EHLO ", "HELO ", "LHLO ", NULL};

	return wire_match_texts(bytes, len, commands);
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const char *const greetings[] = {"220 ", "220-", "* OK", "* PREAUTH", "+OK ", NULL};

	return wire_match_texts(bytes, len, greetings);
}

static const char *const words[] = {
	"EHLO", "HELO", "LHLO",	    "MAIL", "RCPT", "DATA", "RSET",
	"NOOP", "AUTH", "STARTTLS", "USER", "PASS", "QUIT",
};

const struct wire_protocol wire_smtp = {
	.greets = true,
	.recognise = {recognise_client, recognise_server},
	.ports = {25, 587, 21, 143, 110},
	.names = {NAMES(words)},
	.starts_with_name = true,
	.goodbye_code = 13, /* QUIT */
};
