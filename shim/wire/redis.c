/* SPDX-License-Identifier: MIT */
/*
 * Redis and Valkey, RESP2 and RESP3 (also Sentinel, KeyDB, Dragonfly): first bytes.
 *
 *   client:  *<n> CR LF $<length> CR LF <command> CR LF ...        an array of bulk strings
 *            PING CR LF                                            an inline command
 *   server:  + - : $ *   and with RESP3 also  _ # , ( ! = % ~ > |  first byte of a reply
 *
 * A server's first byte alone says little ("+OK" is POP3 as well), so only the client's is asked.
 *
 * Sources: Redis documentation, "Redis serialization protocol specification"; inline commands,
 * same page.  networking.c of Redis limits an array to 1024 * 1024 elements.
 */
#include "wire/redis.h"

#define REDIS_MAX_COUNT_DIGITS 7

static enum wire_match recognise_array(const uint8_t *bytes, size_t len)
{
	size_t at = 1;

	if (bytes[0] != '*')
		return WIRE_NO;
	while (at < len && wire_is_digit(bytes[at]) && at <= REDIS_MAX_COUNT_DIGITS)
		at++;
	if (at == len)
		return WIRE_MAYBE;
	return at == 1 ? WIRE_NO : wire_match_text(bytes + at, len - at, "\r\n$");
}

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	/* What people and health checks type; drivers always send arrays. */
	static const char *const inline_commands[] = {
		"PING\r\n", "PING\n",  "QUIT\r\n", "INFO\r\n", "AUTH ",
		"HELLO ",   "SELECT ", "ECHO ",	   NULL,
	};

	return wire_match_best(recognise_array(bytes, len),
			       wire_match_texts(bytes, len, inline_commands));
}

const struct wire_protocol wire_redis = {
	.recognise = {recognise_client, NULL},
	.ports = {6379, 6380 /* by habit with TLS */, 26379 /* Sentinel */},
	.paths = {"redis", "valkey", "keydb"},
	.parse = {redis_parse_client, redis_parse_server},
	.name = redis_name,
	.learned_flags = REDIS_PARSER_SUBSCRIBED,
};
