/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL (also PgBouncer, Pgpool, CockroachDB, Redshift): first bytes.
 *
 *   client, first:  | length, 4 bytes BE, itself included | code, 4 bytes BE | ...
 *     00 00 00 08 | 04 D2 16 2F          SSLRequest     1234.5679
 *     00 00 00 08 | 04 D2 16 30          GSSENCRequest  1234.5680
 *     00 00 00 LL | 04 D2 16 2E | ...    CancelRequest  1234.5678 (a connection of its own)
 *     00 00 LL LL | 00 03 mm mm | "user" 00 ...   StartupMessage, protocol 3.mm
 *   server, first:
 *     "S" "N" "G" (one byte, says nothing alone) or
 *     'R' | 00 00 00 LL | 00 00 00 nn | ...       Authentication
 *
 * A direct TLS connection (version 17) opens with a ClientHello whose ALPN is "postgresql".
 *
 * Sources: PostgreSQL documentation, "Message Formats" (protocol-message-formats) and "Message
 * Flow", "SSL Session Encryption"; MAX_STARTUP_PACKET_LENGTH is 10000 (libpq/pqcomm.h).
 */
#include "wire/postgresql.h"

#define POSTGRESQL_MAX_STARTUP 10000

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range negotiation[] = {
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), {0x08, 0xff},
		WIRE_IS(0x04), WIRE_IS(0xd2), WIRE_IS(0x16), {0x2e, 0x30},
	};
	/* The first parameter's name follows the version: "user" or another in lower case. */
	static const struct wire_range startup[] = {
		WIRE_IS(0x00), WIRE_IS(0x00), {0x00, 0x27}, WIRE_ANY,	{0x00, 0x00},
		WIRE_IS(0x03), WIRE_ANY,      WIRE_ANY,	    {'A', 'z'}, {'A', 'z'},
	};

	if (len >= 4 && (wire_be32(bytes) < 8 || wire_be32(bytes) > POSTGRESQL_MAX_STARTUP))
		return WIRE_NO;
	return wire_match_best(WIRE_MATCH_RANGES(bytes, len, negotiation),
			       WIRE_MATCH_RANGES(bytes, len, startup));
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	/* Authentication codes run from 0 (ok) to 12 (SASLFinal). */
	static const struct wire_range authentication[] = {
		WIRE_IS('R'),  WIRE_IS(0x00), WIRE_IS(0x00), WIRE_ANY,	   {0x00, 0xff},
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), {0x00, 0x0c},
	};

	return WIRE_MATCH_RANGES(bytes, len, authentication);
}

/* ReadyForQuery: 'Z', the length 5, and the state of the transaction. */
static bool reply_ends(const uint8_t *tail, size_t len)
{
	static const struct wire_range ready[] = {
		WIRE_IS('Z'),  WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_IS(0x00), WIRE_IS(0x05), {'E', 'T'},
	};

	return len >= 6 && WIRE_MATCH_RANGES(tail + len - 6, 6, ready) == WIRE_YES;
}

const struct wire_protocol wire_postgresql = {
	.recognise = {recognise_client, recognise_server},
	.ports = {5432, 6432 /* PgBouncer */, 5433, 26257 /* CockroachDB */, 5439 /* Redshift */},
	.paths = {".s.PGSQL."},
	.parse = {postgresql_parse_client, postgresql_parse_server},
	.name = postgresql_name,
	.start_flags = POSTGRESQL_PARSER_OPENING,
	.opening_flags = POSTGRESQL_PARSER_OPENING | POSTGRESQL_PARSER_STARTING,
	.open_flags = POSTGRESQL_PARSER_GROUP | POSTGRESQL_PARSER_COPY,
	.reply_ends = reply_ends,
	.marked_replies = true,
};
