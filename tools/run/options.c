/* SPDX-License-Identifier: MIT */
/*
 * See options.h.
 */
#include "run/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "common/option_text.h"

bool run_options_get(const char *text, const char *key, char *out, size_t size)
{
	struct option_entry entry;
	bool found = false;

	while (text != NULL && option_text_next(&text, &entry)) {
		if (entry.fault != OPTION_GOOD || !span_is(entry.key, key))
			continue;
		snprintf(out, size, "%.*s", (int)entry.value.len, entry.value.start);
		found = true;
	}
	return found;
}

bool run_options_closed(const char *text)
{
	struct option_entry entry = {.fault = OPTION_GOOD};

	while (text != NULL && option_text_next(&text, &entry))
		if (entry.fault == OPTION_OPEN_QUOTE)
			return false;
	return true;
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
