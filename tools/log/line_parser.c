/* SPDX-License-Identifier: MIT */
/*
 * See line_parser.h.
 *
 *   {"record":"finding",...,"connection":{...},...,"stacks":{...},"history":[...]}
 *    ^^^^^^^^ ^^^^^^^^^      ^^^^^^^^^^^^^^^^^^      ^^^^^^^^^^^^^^ ^^^^^^^^^^^^^^^
 *    name     scalar          found by its bytes     found likewise  checked and counted
 *
 * A line that consists of valid members is valid as a whole.
 */
#include "log/line_parser.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Values that are kept.  Large ones are whole stacks, some 100 KiB each with the objects; the
 * others have some 3 KiB. */
#define LARGE_BYTES 2048
#define KEPT_BYTES (64 * 1024) /* of a longer value nothing is kept */
#define LARGE_VALUES 128
#define OTHER_VALUES 2048

#define WINDOW 4 /* places in which a value may stand */

#define INTEGER_DIGITS 18 /* surely no overflow */

struct value {
	char *text;
	size_t len_bytes;
	json_t *json;
	bool checked;
};

struct line_parser {
	struct value large[LARGE_VALUES];
	struct value others[OTHER_VALUES];
	unsigned victim; /* the place of a full window that a new value takes */
};

/* The part of a line that was not parsed yet. */
struct rest {
	const char *at;
	const char *end;
};

struct line_parser *line_parser_new(void)
{
	return calloc(1, sizeof(struct line_parser));
}

static void clear_values(struct value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(values[i].text);
		json_decref(values[i].json);
		values[i] = (struct value){0};
	}
}

void line_parser_free(struct line_parser *parser)
{
	clear_values(parser->large, LARGE_VALUES);
	clear_values(parser->others, OTHER_VALUES);
	free(parser);
}

/* --- extents ------------------------------------------------------------------------------- */

static bool take(struct rest *rest, char c)
{
	if (rest->at == rest->end || *rest->at != c)
		return false;
	rest->at++;
	return true;
}

/* Takes a string without escapes and control characters, which may be UTF-8 or not; `text` is the
 * content.  False: another string, or none. */
static bool take_plain_string(struct rest *rest, const char **text, size_t *len_bytes)
{
	const char *at = rest->at + 1;

	if (rest->at == rest->end || *rest->at != '"')
		return false;
	while (at < rest->end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20)
		at++;
	if (at == rest->end || *at != '"')
		return false;
	*text = rest->at + 1;
	*len_bytes = (size_t)(at - *text);
	rest->at = at + 1;
	return true;
}

/* The length of the string at `text`, quotes included, or 0 when the string does not end. */
static size_t string_length(const char *text, size_t len_bytes)
{
	size_t i = 1;

	while (i < len_bytes && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	return i < len_bytes ? i + 1 : 0;
}

/* The length of the object or array that begins at `text`, or 0 when neither ends.  The text in
 * between may be anything: json_loadb() decides. */
static size_t nested_length(const char *text, size_t len_bytes)
{
	size_t depth = 0, i = 0;

	while (i < len_bytes) {
		char c = text[i];

		if (c == '"') {
			size_t string = string_length(text + i, len_bytes - i);

			if (string == 0)
				return 0;
			i += string;
			continue;
		}
		i++;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && --depth == 0)
			return i;
	}
	return 0;
}

/* The length of the literal or number at `text`. */
static size_t scalar_length(const char *text, size_t len_bytes)
{
	size_t i = 0;

	while (i < len_bytes && text[i] != ',' && text[i] != '}' && text[i] != ']')
		i++;
	return i;
}

/* --- values -------------------------------------------------------------------------------- */

/* FNV-1a over eight bytes at a time: a collision costs a comparison. */
static uint64_t hash(const char *text, size_t len_bytes)
{
	uint64_t result = UINT64_C(0xcbf29ce484222325) ^ len_bytes, word;

	for (; len_bytes >= sizeof word; text += sizeof word, len_bytes -= sizeof word) {
		memcpy(&word, text, sizeof word);
		result = (result ^ word) * UINT64_C(0x100000001b3);
		result ^= result >> 29;
	}
	for (; len_bytes > 0; text++, len_bytes--)
		result = (result ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return result ^ result >> 29;
}

static bool holds(const struct value *value, const char *text, size_t len_bytes)
{
	return value->len_bytes == len_bytes && memcmp(value->text, text, len_bytes) == 0;
}

/* Returns the place for a new value in the window at `start`. */
static struct value *make_room(struct line_parser *parser, struct value *values, size_t count,
			       size_t start)
{
	struct value *value;

	for (size_t i = 0; i < WINDOW; i++)
		if (values[(start + i) % count].json == NULL)
			return &values[(start + i) % count];
	value = &values[(start + parser->victim++ % WINDOW) % count];
	clear_values(value, 1);
	return value;
}

/* Returns the place of the value with these bytes, and parses a value that has no place yet.  NULL:
 * no memory, no valid value, or a long one. */
static struct value *find_value(struct line_parser *parser, const char *text, size_t len_bytes)
{
	bool is_large = len_bytes >= LARGE_BYTES;
	struct value *values = is_large ? parser->large : parser->others, *value;
	size_t count = is_large ? LARGE_VALUES : OTHER_VALUES;
	size_t start = hash(text, len_bytes) % count;
	json_t *json;

	if (len_bytes > KEPT_BYTES)
		return NULL;
	for (size_t i = 0; i < WINDOW; i++)
		if (holds(&values[(start + i) % count], text, len_bytes))
			return &values[(start + i) % count];
	json = json_loadb(text, len_bytes, 0, NULL);
	if (json == NULL)
		return NULL;
	value = make_room(parser, values, count, start);
	*value = (struct value){malloc(len_bytes), len_bytes, json, false};
	if (value->text == NULL) {
		value->len_bytes = 0;
		clear_values(value, 1);
		return NULL;
	}
	memcpy(value->text, text, len_bytes);
	return value;
}

static bool is(const char *name, size_t name_len, const char *text)
{
	return strlen(text) == name_len && memcmp(name, text, name_len) == 0;
}

static json_t *take_nested(struct line_parser *parser, struct rest *rest, bool is_stacks,
			   struct line_facts *facts)
{
	size_t len = nested_length(rest->at, (size_t)(rest->end - rest->at));
	struct value *value = NULL;

	if (len > 0)
		value = find_value(parser, rest->at, len);
	if (value == NULL)
		return NULL;
	if (is_stacks)
		facts->checked = &value->checked;
	rest->at += len;
	return json_incref(value->json);
}

/* A number of few digits; NULL: another form of a number. */
static json_t *make_integer(const char *text, size_t len)
{
	json_int_t number = 0;

	if (len == 0 || len > INTEGER_DIGITS || (text[0] == '0' && len > 1))
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return NULL;
		number = number * 10 + (text[i] - '0');
	}
	return json_integer(number);
}

static json_t *take_scalar(struct rest *rest)
{
	const char *start = rest->at, *text;
	size_t len;
	json_t *value;

	if (take_plain_string(rest, &text, &len))
		return json_stringn(text, len);
	len = *start == '"' ? string_length(start, (size_t)(rest->end - start))
			    : scalar_length(start, (size_t)(rest->end - start));
	rest->at += len;
	if (is(start, len, "null"))
		return json_null();
	if (is(start, len, "true"))
		return json_true();
	if (is(start, len, "false"))
		return json_false();
	value = make_integer(start, len);
	return value != NULL ? value : json_loadb(start, len, JSON_DECODE_ANY, NULL);
}

/* --- the history --------------------------------------------------------------------------- */

/* Takes a member whose value is a string of ASCII without escapes, a small integer from 0, or null.
 */
static bool take_history_member(struct rest *rest)
{
	const char *text;
	size_t len;

	if (!take_plain_string(rest, &text, &len) || !take(rest, ':') || rest->at == rest->end)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x7f)
			return false;
	if (*rest->at == '"') {
		if (!take_plain_string(rest, &text, &len))
			return false;
		for (size_t i = 0; i < len; i++)
			if ((unsigned char)text[i] >= 0x7f)
				return false;
		return true;
	}
	text = rest->at;
	len = scalar_length(text, (size_t)(rest->end - text));
	rest->at += len;
	if (is(text, len, "null"))
		return true;
	if (len == 0 || len > INTEGER_DIGITS || (text[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

static bool take_history_entry(struct rest *rest)
{
	if (!take(rest, '{'))
		return false;
	if (take(rest, '}'))
		return true;
	do {
		if (!take_history_member(rest))
			return false;
	} while (take(rest, ','));
	return take(rest, '}');
}

/* Takes a history whose entries are plain.  False, with nothing taken: another history. */
static bool take_history(struct rest *rest, size_t *count)
{
	struct rest at = *rest;

	*count = 0;
	if (!take(&at, '['))
		return false;
	if (!take(&at, ']')) {
		do {
			if (!take_history_entry(&at))
				return false;
			++*count;
		} while (take(&at, ','));
		if (!take(&at, ']'))
			return false;
	}
	*rest = at;
	return true;
}

/* --- the line ------------------------------------------------------------------------------ */

#if JANSSON_VERSION_HEX < 0x020e00 /* Debian 11 has 2.13 */
static int json_object_setn_new(json_t *object, const char *name, size_t len, json_t *value)
{
	char *copy = strndup(name, len);
	int result = -1;

	if (copy != NULL)
		result = json_object_set_new(object, copy, value);
	else
		json_decref(value);
	free(copy);
	return result;
}
#endif

/* Takes one member into `object`.  False: broken, or in another form. */
static bool take_member(struct line_parser *parser, struct rest *rest, json_t *object,
			struct line_facts *facts)
{
	const char *name;
	bool is_stacks;
	json_t *value;
	size_t len;

	if (!take_plain_string(rest, &name, &len) || !take(rest, ':') || rest->at == rest->end)
		return false;
	if (is(name, len, "history") && !facts->has_history &&
	    take_history(rest, &facts->history_len)) {
		facts->has_history = true;
		return true;
	}
	is_stacks = is(name, len, "stacks") || is(name, len, "frames");
	/* Of a name that stands twice the second counts; a flag would be of the other value. */
	if ((is_stacks && facts->checked != NULL) ||
	    (is(name, len, "history") && facts->has_history))
		return false;
	if (*rest->at == '{' || *rest->at == '[')
		value = take_nested(parser, rest, is_stacks, facts);
	else
		value = take_scalar(rest);
	return json_object_setn_new(object, name, len, value) == 0;
}

json_t *line_parse(struct line_parser *parser, const char *text, size_t len_bytes,
		   struct line_facts *facts)
{
	struct rest rest = {text, text + len_bytes};
	json_t *object;
	bool good;

	*facts = (struct line_facts){0};
	if (!take(&rest, '{'))
		return NULL;
	object = json_object();
	do {
		good = object != NULL && take_member(parser, &rest, object, facts);
	} while (good && take(&rest, ','));
	if (good && take(&rest, '}') && rest.at == rest.end)
		return object;
	json_decref(object);
	return NULL;
}
