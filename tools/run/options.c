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
#include "target/library_options.h"

bool run_options_closed(const char *text)
{
	struct option_entry entry = {.fault = OPTION_GOOD};

	while (text != NULL && option_text_next(&text, &entry))
		if (entry.fault == OPTION_OPEN_QUOTE)
			return false;
	return true;
}

static void put_option(const char *key, const char *value, FILE *out)
{
	char quote = value != NULL && strchr(value, '"') != NULL ? '\'' : '"';

	if (value != NULL)
		fprintf(out, ":%s=%c%s%c", key, quote, value, quote);
}

bool run_options_accept(const char *verb, const char *key, const char *value)
{
	bool accepts;
	char *text;
	size_t len;
	FILE *out;

	if (strchr(value, '"') != NULL && strchr(value, '\'') != NULL) {
		cli_error(verb, "--%s: expected a list, found both kinds of quotes in %s", key,
			  value);
		return false;
	}
	out = open_memstream(&text, &len);
	if (out == NULL)
		cli_no_memory();
	put_option(key, value, out);
	if (fclose(out) != 0)
		cli_no_memory();
	accepts = library_accepts(verb, "--", text);
	free(text);
	return accepts;
}

char *run_options_add(const char *text, const struct run_wishes *wishes)
{
	char *all;
	size_t len;
	FILE *out = open_memstream(&all, &len);

	if (out == NULL)
		cli_no_memory();
	fprintf(out, "%s%ssession=%s", text != NULL ? text : "",
		text != NULL && text[0] != '\0' ? ":" : "", wishes->session);
	if (wishes->strict)
		fputs(":strict=1", out);
	if (wishes->isolate)
		fputs(":mode=isolate", out);
	if (wishes->dry_run)
		fputs(":mode=isolate:dry_run=1", out);
	put_option("watch", wishes->watch, out);
	put_option("ignore", wishes->ignore, out);
	put_option("log_path", wishes->log_path, out);
	if (fclose(out) != 0)
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
