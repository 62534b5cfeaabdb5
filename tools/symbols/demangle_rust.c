/* SPDX-License-Identifier: MIT */
/*
 * Rust's legacy mangling, and the way to the other (demangle_v0.c).
 *
 *     _ZN (length name)... 17h<16 hexadecimal digits> E, with $..$ escapes in the names
 *
 * which is C++'s for nested names, told apart by the hash.  A name is hostile: depth, steps and
 * output are bounded, and whatever is not understood makes the whole name stay mangled.
 */
#include "symbols/demangle_parser.h"

#include <stdio.h>
#include <string.h>

/* One $..$ escape at `text`; returns its length, 0 when it is none. */
static size_t put_escape(struct parser *parser, const char *text, size_t len)
{
	static const struct {
		const char *escape;
		const char *meaning;
	} escapes[] = {
		{"$SP$", "@"}, {"$BP$", "*"}, {"$RF$", "&"}, {"$LT$", "<"},
		{"$GT$", ">"}, {"$LP$", "("}, {"$RP$", ")"}, {"$C$", ","},
	};
	unsigned code;
	int used = 0;

	for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
		size_t n = strlen(escapes[i].escape);

		if (n <= len && memcmp(text, escapes[i].escape, n) == 0) {
			parser_put(parser, escapes[i].meaning);
			return n;
		}
	}
	/* $u20$ and the like; only printable ASCII is written so. */
	if (sscanf(text, "$u%2x$%n", &code, &used) == 1 && used > 0 && (size_t)used <= len &&
	    code >= 0x20 && code < 0x7f) {
		parser_put_bytes(parser, (char[]){(char)code}, 1);
		return (size_t)used;
	}
	return 0;
}

static void put_legacy_name(struct parser *parser, const char *name, size_t len)
{
	size_t i = 0;

	if (len >= 2 && name[0] == '_' && name[1] == '$')
		i = 1; /* keeps the symbol from beginning with $ */
	while (i < len) {
		size_t used = name[i] == '$' ? put_escape(parser, name + i, len - i) : 0;

		if (used > 0) {
			i += used;
		} else if (name[i] == '.' && i + 1 < len && name[i + 1] == '.') {
			parser_put(parser, "::");
			i += 2;
		} else {
			parser_put_bytes(parser, name + i, 1);
			i++;
		}
	}
}

static bool is_hash(const char *name, size_t len)
{
	return len == 17 && name[0] == 'h' && strspn(name + 1, "0123456789abcdef") >= 16;
}

static bool demangle_legacy(const char *name, char out[DEMANGLE_BYTES])
{
	struct parser parser = {.text = name + 3, .end = strlen(name + 3), .out = out};
	bool hashed = false;

	out[0] = '\0';
	while (!hashed && !parser.failed) {
		uint64_t len = parser_decimal(&parser);
		const char *part = parser.text + parser.pos;

		if (parser.failed || len == 0 || len > parser.end - parser.pos)
			return false;
		parser.pos += len;
		hashed = is_hash(part, len) && parser_peek(&parser) == 'E';
		if (hashed)
			break;
		parser_put(&parser, parser.out_len > 0 ? "::" : "");
		put_legacy_name(&parser, part, len);
	}
	parser_take(&parser, 'E');
	/* A compiler's suffix (.llvm.123) may follow. */
	return hashed && !parser.failed && parser.out_len > 0 &&
	       (parser_peek(&parser) == '\0' || parser_peek(&parser) == '.');
}

bool demangle_rust(const char *name, char out[DEMANGLE_BYTES])
{
	if (strncmp(name, "_R", 2) == 0) {
		struct parser parser = {.text = name + 2, .out = out};

		out[0] = '\0';
		return demangle_v0(&parser);
	}
	return strncmp(name, "_ZN", 3) == 0 && demangle_legacy(name, out);
}
