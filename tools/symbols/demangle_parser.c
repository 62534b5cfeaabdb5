/* SPDX-License-Identifier: MIT */
/*
 * See demangle_parser.h.
 */
#include "symbols/demangle_parser.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_DEPTH 48
#define MAX_STEPS 4096 /* a back reference can make a short name long */

void parser_put_bytes(struct parser *parser, const char *bytes, size_t len)
{
	if (parser->silent || parser->failed)
		return;
	if (len >= DEMANGLE_BYTES - parser->out_len) {
		parser->failed = true;
		return;
	}
	memcpy(parser->out + parser->out_len, bytes, len);
	parser->out_len += len;
	parser->out[parser->out_len] = '\0';
}

void parser_put(struct parser *parser, const char *text)
{
	parser_put_bytes(parser, text, strlen(text));
}

void parser_put_number(struct parser *parser, const char *before, uint64_t number,
		       const char *after)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, number);
	parser_put(parser, before);
	parser_put(parser, text);
	parser_put(parser, after);
}

char parser_peek(const struct parser *parser)
{
	return parser->pos < parser->end && !parser->failed ? parser->text[parser->pos] : '\0';
}

char parser_next(struct parser *parser)
{
	char c = parser_peek(parser);

	if (c == '\0')
		parser->failed = true;
	else
		parser->pos++;
	return c;
}

bool parser_take(struct parser *parser, char c)
{
	if (parser_peek(parser) != c)
		return false;
	parser->pos++;
	return true;
}

/* Every function that can come back to itself begins with parser_enter() and ends with
 * parser_leave(). */
bool parser_enter(struct parser *parser)
{
	if (++parser->depth > MAX_DEPTH || ++parser->steps > MAX_STEPS)
		parser->failed = true;
	return !parser->failed;
}

void parser_leave(struct parser *parser)
{
	parser->depth--;
}

uint64_t parser_decimal(struct parser *parser)
{
	uint64_t value = 0;

	if (parser_peek(parser) < '0' || parser_peek(parser) > '9')
		parser->failed = true;
	if (parser_take(parser, '0'))
		return 0;
	while (parser_peek(parser) >= '0' && parser_peek(parser) <= '9' && value < UINT32_MAX)
		value = value * 10 + (uint64_t)(parser_next(parser) - '0');
	return value;
}

uint64_t parser_base62(struct parser *parser)
{
	uint64_t value = 0;

	if (parser_take(parser, '_'))
		return 0;
	while (!parser_take(parser, '_')) {
		char c = parser_next(parser);

		if (parser->failed)
			break;
		if (c >= '0' && c <= '9')
			value = value * 62 + (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'z')
			value = value * 62 + (uint64_t)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'Z')
			value = value * 62 + (uint64_t)(c - 'A') + 36;
		else
			parser->failed = true;
	}
	return value + 1;
}
