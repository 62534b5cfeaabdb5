/* SPDX-License-Identifier: MIT */
/*
 * Redis and Valkey, RESP2 and RESP3 (also Sentinel, KeyDB, Dragonfly): first bytes.
 *
 *   client:  *<n> CR LF $<length> CR LF <command> CR LF ...        an array of bulk strings
 *            GET k CR LF                                           an inline command
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

static uint8_t capital(uint8_t byte)
{
	return byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 0x20) : byte;
}

/* A command of the table, typed as a line.  Drivers send arrays; people, health checks and small
 * programs do not.  The lower-case words of memcached and beanstalkd have lines above. */
static enum wire_match recognise_inline(const uint8_t *bytes, size_t len)
{
	char word[REDIS_NAME_BYTES] = {0};
	size_t at = 0;

	while (at < len && at < sizeof word && bytes[at] > ' ') {
		word[at] = (char)capital(bytes[at]);
		at++;
	}
	if (at == len)
		return redis_any_begins_with(word, at) ? WIRE_MAYBE : WIRE_NO;
	if (bytes[at] > ' ' || redis_find_command(word, at) == NULL)
		return WIRE_NO;
	/* The rest of the line is text; the line ends with LF, behind CR or alone. */
	for (; at < len; at++) {
		if (bytes[at] == '\n')
			return WIRE_YES;
		if (bytes[at] != '\r' && bytes[at] != '\t' && !wire_is_printable(bytes[at]))
			return WIRE_NO;
	}
	return len < FORKSAN_HEAD_BYTES ? WIRE_MAYBE : WIRE_YES;
}

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	return wire_match_best(recognise_array(bytes, len), recognise_inline(bytes, len));
}

/* All replies end with a line's end. */
static bool reply_ends(const uint8_t *tail, size_t len)
{
	return len >= 2 && tail[len - 2] == '\r' && tail[len - 1] == '\n';
}

static bool answers(uint8_t first)
{
	for (const char *type = "+-:$*_#,(!=%~>|"; *type != '\0'; type++)
		if (first == (uint8_t)*type)
			return true;
	return false;
}

const struct wire_protocol wire_redis = {
	.recognise = {recognise_client, NULL},
	.answers = answers,
	.framed_by = '*',
	.ports = {6379, 6380 /* by habit with TLS */, 26379 /* Sentinel */},
	.paths = {"redis", "valkey", "keydb"},
	.parse = {redis_parse_client, redis_parse_server},
	.name = redis_name,
	.reply_ends = reply_ends,
	.learned_flags = REDIS_PARSER_SUBSCRIBED,
};
