/* SPDX-License-Identifier: MIT */
/*
 * The grammar of FORKSAN_OPTIONS.  See option_text.h.
 */
#include "common/option_text.h"

#include <string.h>

static bool is_separator(char c)
{
	return c == ':' || c == ',' || c == '\n' || span_is_blank(c);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_key_character(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static const char *skip_blanks(const char *at)
{
	while (span_is_blank(*at))
		at++;
	return at;
}

static const char *skip_separators(const char *at)
{
	while (is_separator(*at))
		at++;
	return at;
}

/* The '=' of the entry that begins at `at`, and its key; NULL when no entry begins there. */
static const char *find_assignment(const char *at, struct span *key)
{
	const char *end = at;

	if (!is_letter(*at))
		return NULL;
	while (is_key_character(*end))
		end++;
	*key = (struct span){at, (size_t)(end - at)};
	end = skip_blanks(end);
	return *end == '=' ? end : NULL;
}

/* True at the end of the text, and at separators that the next entry follows. */
static bool ends_value(const char *at)
{
	const char *next = skip_separators(at);
	struct span key;

	return *next == '\0' || (next > at && find_assignment(next, &key) != NULL);
}

/* Whole runs of separators at a time: a text of nothing else takes no longer than another. */
static const char *skip_plain(const char *at)
{
	while (!ends_value(at))
		at = is_separator(*at) ? skip_separators(at) : at + 1;
	return at;
}

static const char *read_quoted(const char *at, struct option_entry *entry)
{
	const char *end = strchr(at + 1, *at);
	const char *next;

	if (end == NULL) {
		entry->fault = OPTION_OPEN_QUOTE;
		entry->found = span_from(at);
		return at + entry->found.len;
	}
	entry->quoted = true;
	entry->value = (struct span){at + 1, (size_t)(end - at - 1)};
	end++;
	if (*end == '\0' || is_separator(*end)) {
		next = skip_separators(end);
		if (ends_value(end))
			return next;
		end = next;
	}
	next = skip_plain(end);
	entry->fault = OPTION_AFTER_QUOTE;
	entry->found = (struct span){end, (size_t)(next - end)};
	return next;
}

bool option_text_next(const char **text, struct option_entry *entry)
{
	const char *at = skip_separators(*text);
	const char *value;

	*entry = (struct option_entry){.fault = OPTION_GOOD};
	*text = at;
	if (*at == '\0')
		return false;
	value = find_assignment(at, &entry->key);
	if (value == NULL) {
		*text = skip_plain(at);
		entry->fault = OPTION_NO_KEY;
		entry->key.len = 0;
		entry->found = (struct span){at, (size_t)(*text - at)};
		return true;
	}
	value++;
	at = skip_blanks(value);
	if (ends_value(value)) {
		*text = value;
		entry->value = (struct span){value, 0};
	} else if (*at == '\'' || *at == '"') {
		*text = read_quoted(at, entry);
	} else {
		*text = skip_plain(at);
		entry->value = (struct span){at, (size_t)(*text - at)};
	}
	return true;
}

int option_text_bool(struct span value)
{
	static const char *const names[] = {"0", "1", "no", "yes", "false", "true", "off", "on"};
	int found = span_find(value, names, sizeof(names) / sizeof(names[0]));

	return found < 0 ? -1 : found % 2;
}
