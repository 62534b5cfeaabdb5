/* SPDX-License-Identifier: MIT */
/*
 * The bounded writer of JSON (RFC 8259).  See json.h.
 */
#include "base/json.h"

#include <string.h>

#include "base/text.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD in UTF-8 */

void json_init(struct json *json, char *bytes, size_t size)
{
	*json = (struct json){.bytes = bytes, .size = size};
}

void json_reserve(struct json *json, size_t bytes)
{
	json->reserved = bytes;
}

size_t json_room(const struct json *json)
{
	/* One byte for each bracket that is still to be closed. */
	size_t taken = json->len + json->depth + json->reserved;

	return taken < json->size ? json->size - taken : 0;
}

static void put(struct json *json, const char *bytes, size_t len)
{
	if (json->overflow || len > json_room(json)) {
		json->overflow = true;
		return;
	}
	memcpy(json->bytes + json->len, bytes, len);
	json->len += len;
}

struct json_mark json_mark(const struct json *json)
{
	return (struct json_mark){json->len, json->left_out, json->comma};
}

static void rewind_to(struct json *json, struct json_mark mark)
{
	json->len = mark.len;
	json->comma = mark.comma;
}

bool json_complete_or_rewind(struct json *json, struct json_mark mark)
{
	if (json->left_out == mark.left_out)
		return true;
	rewind_to(json, mark);
	return false;
}

/* Every member is begin_member(), the value, end_member(). */
static struct json_mark begin_member(struct json *json, const char *key)
{
	struct json_mark start = json_mark(json);

	json->overflow = json->skipped > 0;
	if (json->comma)
		put(json, ",", 1);
	if (key != NULL) {
		put(json, "\"", 1);
		put(json, key, strlen(key));
		put(json, "\":", 2);
	}
	return start;
}

static bool end_member(struct json *json, struct json_mark start)
{
	bool complete = !json->overflow;

	if (complete) {
		json->comma = true;
	} else {
		rewind_to(json, start);
		json->left_out++;
	}
	json->overflow = false;
	return complete;
}

static void begin_container(struct json *json, const char *key, const char *bracket)
{
	struct json_mark start = begin_member(json, key);

	put(json, bracket, 1);
	if (json_room(json) < 1) /* the closing bracket must fit, too */
		json->overflow = true;
	if (end_member(json, start)) {
		json->depth++;
		json->comma = false;
	} else {
		json->skipped++;
	}
}

static void end_container(struct json *json, char bracket)
{
	if (json->skipped > 0) {
		json->skipped--;
		return;
	}
	/* The byte was kept free: see json_room(). */
	json->depth--;
	json->bytes[json->len++] = bracket;
	json->comma = true;
}

void json_begin_object(struct json *json, const char *key)
{
	begin_container(json, key, "{");
}

void json_begin_array(struct json *json, const char *key)
{
	begin_container(json, key, "[");
}

void json_end_object(struct json *json)
{
	end_container(json, '}');
}

void json_end_array(struct json *json)
{
	end_container(json, ']');
}

/* A value that needs no escape. */
static void put_literal(struct json *json, const char *key, const char *literal, size_t len)
{
	struct json_mark start = begin_member(json, key);

	put(json, literal, len);
	end_member(json, start);
}

void json_put_null(struct json *json, const char *key)
{
	put_literal(json, key, "null", 4);
}

void json_put_bool(struct json *json, const char *key, bool value)
{
	put_literal(json, key, value ? "true" : "false", value ? 4 : 5);
}

void json_put_int(struct json *json, const char *key, int64_t value)
{
	char digits[24];
	struct text text;

	text_init(&text, digits, sizeof(digits));
	text_put_int(&text, value);
	put_literal(json, key, digits, text.len);
}

void json_put_uint(struct json *json, const char *key, uint64_t value)
{
	char digits[24];
	struct text text;

	text_init(&text, digits, sizeof(digits));
	text_put_uint(&text, value);
	put_literal(json, key, digits, text.len);
}

static void put_escaped(struct json *json, const char *bytes, size_t len)
{
	char escape[8];
	size_t at = 0;

	while (at < len && !json->overflow) {
		unsigned char c = (unsigned char)bytes[at];
		size_t sequence = text_utf8_len(bytes + at, len - at);

		if (sequence == 0) {
			put(json, REPLACEMENT, sizeof(REPLACEMENT) - 1);
			sequence = 1;
		} else if (c < 0x20) {
			struct text text;

			text_init(&text, escape, sizeof(escape));
			text_put_string(&text, "\\u00");
			text_put_hex_bytes(&text, &c, 1);
			put(json, escape, text.len);
		} else {
			if (c == '"' || c == '\\')
				put(json, "\\", 1);
			put(json, bytes + at, sequence);
		}
		at += sequence;
	}
}

void json_put_bytes(struct json *json, const char *key, const char *bytes, size_t len)
{
	struct json_mark start = begin_member(json, key);

	put(json, "\"", 1);
	put_escaped(json, bytes, len);
	put(json, "\"", 1);
	end_member(json, start);
}

void json_put_string(struct json *json, const char *key, const char *string)
{
	if (string == NULL)
		json_put_null(json, key);
	else
		json_put_bytes(json, key, string, strlen(string));
}
