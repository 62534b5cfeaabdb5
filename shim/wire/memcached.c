/* SPDX-License-Identifier: MIT */
/*
 * memcached: first bytes of its three protocols.
 *
 *   text     get <key>* CR LF          set <key> <flags> <exptime> <bytes> [noreply] CR LF <data>
 *   meta     mg <key> <flags>* CR LF   ms <key> <length> <flags>* CR LF <data>     mn CR LF
 *   binary   0      1       2..3        4       5      6..7     8..11     12..15   16..23
 *          | 80 | opcode | key length | extras | 00 | vbucket | total  | opaque | CAS |    request
 *          | 81 | opcode | ...                      | status  | ...                        reply
 *
 * Sources: memcached doc/protocol.txt ("Commands", "Meta Commands"); doc/protocol-binary.txt
 * section 3.1 "Request Header", section 4 "Defined Values", section 5 "Commands".
 */
#include "wire/memcached.h"

#define MEMCACHED_MAX_OPCODE 0x24 /* 0x22 is SASL Step, 0x24 GATQ */
#define MEMCACHED_MAX_KEY 250

static enum wire_match recognise_binary(const uint8_t *bytes, size_t len)
{
	static const struct wire_range request[] = {
		WIRE_IS(MEMCACHED_REQUEST),
		{0x00, MEMCACHED_MAX_OPCODE},
		WIRE_IS(0x00), /* key length: at most 250 */
		{0, MEMCACHED_MAX_KEY},
		{0, 20}, /* extras: the longest are those of incr and decr */
		WIRE_IS(0x00),
		WIRE_ANY,
		WIRE_ANY,
		{0x00, 0x03}, /* total below 64 MiB; the largest item is 1 MiB by default */
		WIRE_ANY,
		WIRE_ANY,
		WIRE_ANY,
	};
	enum wire_match match = WIRE_MATCH_RANGES(bytes, len, request);

	/* (Thrift's binary protocol opens with 80 01 00 01 too; its text fails the total.) */
	if (match == WIRE_YES && wire_be32(bytes + 8) < (uint32_t)bytes[3] + bytes[4])
		return WIRE_NO;
	return match;
}

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const char *const commands[] = {
		"get ",	    "gets ",	     "gat ",	    "gats ",	  "set ",      "add ",
		"replace ", "append ",	     "prepend ",    "cas ",	  "delete ",   "incr ",
		"decr ",    "touch ",	     "mg ",	    "ms ",	  "md ",       "ma ",
		"me ",	    "mn\r\n",	     "version\r\n", "version\n",  "stats\r\n", "stats\n",
		"stats ",   "flush_all\r\n", "flush_all ",  "verbosity ", NULL,
	};

	return wire_match_best(recognise_binary(bytes, len),
			       wire_match_texts(bytes, len, commands));
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const char *const replies[] = {"VERSION 1.", "VALUE ", "STORED\r\n", NULL};
	static const struct wire_range reply[] = {
		WIRE_IS(MEMCACHED_REPLY),
		{0x00, MEMCACHED_MAX_OPCODE},
		WIRE_IS(0x00),
		{0, MEMCACHED_MAX_KEY},
		{0, 20},
		WIRE_IS(0x00),
		WIRE_IS(0x00), /* status below 0x100 */
	};

	return wire_match_best(WIRE_MATCH_RANGES(bytes, len, reply),
			       wire_match_texts(bytes, len, replies));
}

/* The line after the last value, or after statistics. */
static bool reply_ends(const uint8_t *tail, size_t len)
{
	static const struct wire_range end[] = {
		WIRE_IS('\n'), WIRE_IS('E'),  WIRE_IS('N'),
		WIRE_IS('D'),  WIRE_IS('\r'), WIRE_IS('\n'),
	};

	return len >= 6 && WIRE_MATCH_RANGES(tail + len - 6, 6, end) == WIRE_YES;
}

static bool answers(uint8_t first)
{
	return (first >= 'A' && first <= 'Z') || wire_is_digit(first);
}

const struct wire_protocol wire_memcached = {
	.recognise = {recognise_client, recognise_server},
	.answers = answers,
	.framed_by = MEMCACHED_REQUEST,
	.ports = {11211},
	.paths = {"memcached"},
	.parse = {memcached_parse_client, memcached_parse_server},
	.name = memcached_name,
	.reply_ends = reply_ends,
};
