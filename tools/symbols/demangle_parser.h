/* SPDX-License-Identifier: MIT */
/*
 * The bounded reader and writer under both of Rust's manglings.
 *
 * Whatever fails sets `failed`; then input reads as ended, output is dropped, and every loop stops.
 * Pure.
 */
#ifndef FORKSAN_TOOLS_DEMANGLE_PARSER_H
#define FORKSAN_TOOLS_DEMANGLE_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols/demangle.h"

struct parser {
	const char *text; /* after _R: back references count from here */
	size_t pos;
	size_t end;
	unsigned depth;
	unsigned steps;
	uint64_t lifetimes; /* bound by binders around here */
	bool failed;
	bool silent; /* parse without output */
	char *out;
	size_t out_len;
};

void parser_put_bytes(struct parser *parser, const char *bytes, size_t len);
void parser_put(struct parser *parser, const char *text);
void parser_put_number(struct parser *parser, const char *before, uint64_t number,
		       const char *after);

/* The next character, NUL at the end. */
char parser_peek(const struct parser *parser);

/* The next character, consumed; fails at the end. */
char parser_next(struct parser *parser);

/* Consumes `c` if it is next. */
bool parser_take(struct parser *parser, char c);

/* Every function that can come back to itself begins with enter() and ends with leave(). */
bool parser_enter(struct parser *parser);
void parser_leave(struct parser *parser);

uint64_t parser_decimal(struct parser *parser);

/* v0's number: "_" is 0, "0_" is 1, ...; a hash may wrap around */
uint64_t parser_base62(struct parser *parser);

/* v0's whole name, without _R.  True: the readable name is in parser->out. */
bool demangle_v0(struct parser *parser);

#endif
