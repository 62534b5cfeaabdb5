/* SPDX-License-Identifier: MIT */
/*
 * TDS: SQL Server and Sybase: first bytes.
 *
 *   0      1        2..3        4..5   6         7
 *   | type | status | length BE | SPID | packet  | window 00 | payload ...
 *   12       01       LL LL       00 00  00..01    00           PRELOGIN, first option 00 (VERSION)
 *   10       01       LL LL       ..                            LOGIN7 (TDS 7.0 without PRELOGIN)
 *   02       00..01   02 00       00 00  00..01    00           login of TDS 4.2 and 5.0, 512 bytes
 *   04       00..01   LL LL       ..     ..        00           a server's answer
 *
 * TDS 8 (strict) opens with TLS whose ALPN is "tds/8.0".
 *
 * Sources: MS-TDS 2.2.3.1 "Packet Header", 2.2.6.5 "PRELOGIN", 4.1 "Pre-Login Request" (12 01 00 2F
 * 00 00 01 00 00 00 1A 00 06 ...); FreeTDS "The TDS Protocol" for types 02 and 04.
 */
#include "wire/protocol.h"

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	/* The first option is VERSION (00) and 6 bytes long. */
	static const struct wire_range prelogin[] = {
		WIRE_IS(0x12), WIRE_IS(0x01), {0x00, 0x10},  WIRE_ANY,	    WIRE_IS(0x00),
		WIRE_IS(0x00), {0x00, 0x01},  WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_ANY,      WIRE_IS(0x00), WIRE_IS(0x06),
	};
	/* LOGIN7 repeats the length, little-endian. */
	static const struct wire_range login7[] = {
		WIRE_IS(0x10), {0x00, 0x01},  {0x00, 0x10},  WIRE_ANY,
		WIRE_IS(0x00), WIRE_IS(0x00), {0x00, 0x01},  WIRE_IS(0x00),
		WIRE_ANY,      {0x00, 0x10},  WIRE_IS(0x00), WIRE_IS(0x00),
	};
	static const struct wire_range login5[] = {
		WIRE_IS(0x02), {0x00, 0x01},  WIRE_IS(0x02), WIRE_IS(0x00),
		WIRE_IS(0x00), WIRE_IS(0x00), {0x00, 0x01},  WIRE_IS(0x00),
	};

	return wire_match_best(WIRE_MATCH_RANGES(bytes, len, prelogin),
			       wire_match_best(WIRE_MATCH_RANGES(bytes, len, login7),
					       WIRE_MATCH_RANGES(bytes, len, login5)));
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	/* The answer to PRELOGIN opens with the same option. */
	static const struct wire_range answer[] = {
		WIRE_IS(0x04), WIRE_IS(0x01), {0x00, 0x10},  WIRE_ANY,	    WIRE_ANY,
		WIRE_ANY,      {0x00, 0x01},  WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00),
		WIRE_ANY,      WIRE_IS(0x00), WIRE_IS(0x06),
	};

	return WIRE_MATCH_RANGES(bytes, len, answer);
}

static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	uint32_t len;

	if (have < 8)
		return 8;
	len = wire_be16(kept + 2);
	if (kept[0] == 0 || kept[0] > 0x12 || kept[1] > 0x1f || len < 8 || kept[7] != 0)
		return -1;
	frame->len_bytes = len;
	frame->code = kept[0];
	return 0;
}

/* By code, from 1 on. */
static const char *const names[] = {
	"SQLBatch",	"login",  "RPC",  NULL,	      NULL, "Attention", "BulkLoad",
	"FedAuthToken", NULL,	  NULL,	  NULL,	      NULL, NULL,	 "TransactionManager",
	"normal",	"LOGIN7", "SSPI", "PRELOGIN",
};

const struct wire_protocol wire_tds = {
	.recognise = {recognise_client, recognise_server},
	.ports = {1433, 5000 /* Sybase */},
	.frame = read_frame,
	.names = {NAMES(names)},
};
