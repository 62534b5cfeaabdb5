/* SPDX-License-Identifier: MIT */
/*
 * A bounded writer of text: the rest of a text that does not fit is left out, which `truncated`
 * tells; nothing is written past the end.  No allocation, no locale, no errno, no time zone;
 * async-signal-safe, pure but for the buffer it was given, which the caller owns and which outlives
 * the writer.
 */
#ifndef FORKSAN_SHIM_TEXT_H
#define FORKSAN_SHIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *bytes; /* always ends in a NUL at bytes[len] */
	size_t size; /* of the buffer, the NUL included */
	size_t len;
	bool truncated; /* something did not fit */
};

/* `size` must be at least 1. */
void text_init(struct text *text, char *bytes, size_t size);

/* Append.  When the whole does not fit, as much as fits is kept and `truncated` is set. */
void text_put_bytes(struct text *text, const char *bytes, size_t len);
void text_put_string(struct text *text, const char *string);
void text_put_char(struct text *text, char c);
void text_put_uint(struct text *text, uint64_t value);
void text_put_int(struct text *text, int64_t value);
void text_put_hex(struct text *text, uint64_t value); /* lower case, no 0x, no leading zeros */
void text_put_hex_fixed(struct text *text, uint64_t value); /* 16 digits */
void text_put_hex_bytes(struct text *text, const uint8_t *bytes, size_t len);

/* RFC 3339 in UTC with nanoseconds: 2026-11-24T08:47:01.000000123Z.  `time_ns` counts from 1970. */
void text_put_time(struct text *text, uint64_t time_ns);

/* Spaces up to `column`, counted from the byte at `line_start`; at least one. */
void text_pad_to(struct text *text, size_t line_start, size_t column);

/*
 * Appends foreign bytes (a name, a path, a user's option) for a person to read: control characters
 * and bytes that are no UTF-8 become '?', so that a terminal takes no orders from the bytes.
 */
void text_put_escaped(struct text *text, const char *bytes, size_t len);

/*
 * The length of the UTF-8 sequence at the start of `bytes` (1 to 4), or 0 when it is no valid one:
 * no overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629 section 4).  `len` > 0.
 */
size_t text_utf8_len(const char *bytes, size_t len);

#endif
