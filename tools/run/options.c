/* SPDX-License-Identifier: MIT */
/*
 * See options.h.
 */
#include "run/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"

#define BLANKS " \t\r"

struct span {
	const char *start;
	size_t len;
};

static struct span trim(const char *start, size_t len)
{
	while (len > 0 && strchr(BLANKS, start[0]) != NULL) {
		start++;
		len--;
	}
	while (len > 0 && strchr(BLANKS, start[len - 1]) != NULL)
		len--;
	return (struct span){start, len};
}

/* One entry at *text, which moves behind it; false at the end.  An unclosed quote ends the text
 * with *closed false. */
static bool next_entry(const char **text, struct span *key, struct span *value, bool *closed)
{
	size_t len = strcspn(*text, "=:\n");

	if (**text == '\0')
		return false;
	*key = trim(*text, len);
	*value = (struct span){"", 0};
	*text += len;
	if (**text == '=') {
		*text += 1 + strspn(*text + 1, BLANKS);
		if (**text == '"' || **text == '\'') {
			const char *end = strchr(*text + 1, **text);

			if (end == NULL) {
				*closed = false;
				*text += strlen(*text);
				return false;
			}
			*value = (struct span){*text + 1, (size_t)(end - *text - 1)};
			*text = end + 1;
			*text += strcspn(*text, ":\n");
		} else {
			len = strcspn(*text, ":\n");
			*value = trim(*text, len);
			*text += len;
		}
	}
	if (**text != '\0')
		++*text;
	return true;
}

bool run_options_get(const char *text, const char *key, char *out, size_t size)
{
	struct span found_key, value;
	bool found = false, closed = true;

	while (text != NULL && next_entry(&text, &found_key, &value, &closed)) {
		if (found_key.len != strlen(key) ||
		    memcmp(found_key.start, key, found_key.len) != 0)
			continue;
		snprintf(out, size, "%.*s", (int)value.len, value.start);
		found = true;
	}
	return found;
}

bool run_options_closed(const char *text)
{
	struct span key, value;
	bool closed = true;

	while (text != NULL && next_entry(&text, &key, &value, &closed))
		continue;
	return closed;
}

char *run_options_add(const char *text, const char *session, bool strict, const char *log_path)
{
	const char *before = text != NULL ? text : "";
	const char *separator = before[0] != '\0' ? ":" : "";
	const char *mode = strict ? ":strict=1" : "";
	char quote = log_path != NULL && strchr(log_path, '"') != NULL ? '\'' : '"';
	char *all;
	int len;

	if (log_path != NULL && strchr(log_path, quote) != NULL)
		return NULL;
	if (log_path == NULL)
		len = asprintf(&all, "%s%ssession=%s%s", before, separator, session, mode);
	else
		len = asprintf(&all, "%s%ssession=%s%s:log_path=%c%s%c", before, separator, session,
			       mode, quote, log_path, quote);
	if (len < 0)
		cli_no_memory();
	return all;
}

static bool holds_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list != '\0') {
		size_t found = strcspn(list, ": ");

		if (found == len && memcmp(list, word, len) == 0)
			return true;
		list += found;
		list += strspn(list, ": ");
	}
	return false;
}

char *run_options_preload(const char *value, const char *library)
{
	char *all;
	int len;

	if (value == NULL || value[0] == '\0')
		len = asprintf(&all, "%s", library);
	else if (holds_word(value, library))
		len = asprintf(&all, "%s", value);
	else
		len = asprintf(&all, "%s:%s", library, value);
	if (len < 0)
		cli_no_memory();
	return all;
}
