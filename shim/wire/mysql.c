/* SPDX-License-Identifier: MIT */
/*
 * MySQL and MariaDB (also ProxySQL, MaxScale, Vitess, TiDB): first bytes.
 *
 *   packet    | length, 3 bytes LE | sequence | payload ...                                  |
 *
 *   greeting  | LL LL 00 | 00 | 0A | "8.0.36" 00 | thread id 4 | ...         server, first
 *   refusal   | LL LL 00 | 00 | FF | code 2 LE | "#08004" or text            server, first
 *   login     | LL LL 00 | 01 | capabilities 4 LE | max packet 4 | charset | 00 x 23 | user ...
 *   upgrade   | 20 00 00 | 01 | the same 32 bytes, then TLS                  client
 *
 * The server greets.  A client's login identifies the protocol where the greeting was not seen.
 *
 * Sources: MySQL Source Code Documentation, "Protocol::HandshakeV10", "Protocol::SSLRequest",
 * "Protocol::HandshakeResponse41", "ERR_Packet"; MariaDB Server documentation, "Connecting"
 * (clients/protocol).  MariaDB keeps its own capabilities in the last 4 of the 23 filler bytes.
 */
#include "wire/mysql.h"

#define MYSQL_PROTOCOL_VERSION 0x0a
/* CLIENT_PROTOCOL_41 is 0x0200; in the second byte of the little-endian capabilities: */
#define MYSQL_CAPABILITY_41_BYTE1 0x02
#define MYSQL_FIRST_ERROR 1000 /* ER_HASHCHK; client errors (2000) are never sent */
#define MYSQL_LAST_ERROR 29999

static enum wire_match recognise_greeting(const uint8_t *bytes, size_t len)
{
	/* The version of every server starts with the major number, then a digit or the dot. */
	static const struct wire_range greeting[] = {
		WIRE_ANY,
		{0x00, 0x0f},
		WIRE_IS(0x00),
		WIRE_IS(0x00),
		WIRE_IS(MYSQL_PROTOCOL_VERSION),
		{'0', '9'},
		{'.', '9'},
	};

	return WIRE_MATCH_RANGES(bytes, len, greeting);
}

static enum wire_match recognise_refusal(const uint8_t *bytes, size_t len)
{
	static const struct wire_range refusal[] = {
		WIRE_ANY,	    {0x00, 0x03}, WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(MYSQL_ERR), WIRE_ANY,	  WIRE_ANY,	 {0x20, 0x7e},
	};
	enum wire_match match = WIRE_MATCH_RANGES(bytes, len, refusal);

	if (match == WIRE_YES) {
		uint32_t code = wire_le16(bytes + 5);

		if (code < MYSQL_FIRST_ERROR || code > MYSQL_LAST_ERROR)
			return WIRE_NO;
	}
	return match;
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	return wire_match_best(recognise_greeting(bytes, len), recognise_refusal(bytes, len));
}

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	/* 19 of the 23 filler bytes lie in the head. */
	static const struct wire_range login[] = {
		WIRE_ANY,      {0x00, 0x0f},  WIRE_IS(0x00), WIRE_IS(0x01), /* header */
		WIRE_ANY,      WIRE_ANY,      WIRE_ANY,	     WIRE_ANY,	    /* capabilities */
		WIRE_ANY,      WIRE_ANY,      WIRE_ANY,	     WIRE_ANY,	    /* max packet */
		WIRE_ANY,						    /* charset */
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00),
	};
	_Static_assert(sizeof login / sizeof login[0] == FORKSAN_HEAD_BYTES, "decided by the head");

	if (len > 5 && (bytes[5] & MYSQL_CAPABILITY_41_BYTE1) == 0)
		return WIRE_NO;
	return WIRE_MATCH_RANGES(bytes, len, login);
}

/* A result set ends with an EOF packet, or the OK packet that has taken its place; bit 3 of the
 * status says that a further result set comes (SERVER_MORE_RESULTS_EXISTS). */
static bool reply_ends(const uint8_t *tail, size_t len)
{
	static const struct wire_range eof[] = {
		WIRE_IS(0x05), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_ANY, WIRE_IS(0xfe),
	};
	static const struct wire_range ok[] = {
		WIRE_IS(0x07), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_ANY,
		WIRE_IS(0xfe), WIRE_IS(0x00), WIRE_IS(0x00),
	};
	static const struct wire_range done[] = {
		WIRE_IS(0x07), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_ANY, WIRE_IS(0x00),
	};

	if (len >= 9 && WIRE_MATCH_RANGES(tail + len - 9, 9, eof) == WIRE_YES)
		return (tail[len - 2] & 0x08) == 0;
	if (len >= 11 && (WIRE_MATCH_RANGES(tail + len - 11, 11, ok) == WIRE_YES ||
			  WIRE_MATCH_RANGES(tail + len - 11, 11, done) == WIRE_YES))
		return (tail[len - 4] & 0x08) == 0;
	return false;
}

const struct wire_protocol wire_mysql = {
	.greets = true,
	.recognise = {recognise_client, recognise_server},
	.ports = {3306, 6033 /* ProxySQL */, 4006 /* MaxScale */},
	.paths = {"mysqld", "mysql.sock", "mariadb"},
	.parse = {mysql_parse_client, mysql_parse_server},
	.compressed_frame = mysql_compressed_frame,
	.name = mysql_name,
	.start_flags = MYSQL_PARSER_OPENING,
	.opening_flags = MYSQL_PARSER_OPENING,
	.learned_flags = MYSQL_PARSER_EOF_KNOWN | MYSQL_PARSER_EOF_USED,
	.open_flags = MYSQL_PARSER_LONG,
	.reply_ends = reply_ends,
	.marked_replies = true,
};
