/* SPDX-License-Identifier: MIT */
/*
 * See suppressions.h; common/suppression.h has the grammar.
 */
#include "report/suppressions.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/fingerprint.h"
#include "common/names.h"
#include "common/suppression.h"
#include "base/cli.h"
#include "base/escape.h"
#include "log/field.h"
#include "symbols/demangle.h"

struct entry {
	char *text;
	size_t line;
	uint64_t used;
};

struct suppressions {
	char *path;
	struct entry *entries;
	size_t count;
};

/* --- reading ------------------------------------------------------------------------------- */

static bool check_entry(const char *verb, const char *path, size_t line, const char *text)
{
	char found[64], clean[ESCAPED_BYTES(sizeof found)];
	const char *guess;
	struct span fault;

	if (suppression_is_good(text, &fault, &guess))
		return true;
	snprintf(found, sizeof found, "%.*s",
		 (int)(fault.len < sizeof found ? fault.len : sizeof found), fault.start);
	escape_text(found, clean, sizeof clean);
	if (guess != NULL)
		cli_error(verb, "%s:%zu: expected WHAT:PATTERN, found %s; did you mean %s:?", path,
			  line, clean, guess);
	else
		cli_error(verb,
			  "%s:%zu: expected WHAT:PATTERN, found %s (forksan-report(1), "
			  "SUPPRESSIONS, has the words for WHAT)",
			  path, line, clean);
	return false;
}

static void add_entry(struct suppressions *suppressions, const char *text, size_t line)
{
	struct entry *entries = reallocarray(suppressions->entries, suppressions->count + 1,
					     sizeof *suppressions->entries);

	if (entries == NULL)
		cli_no_memory();
	suppressions->entries = entries;
	entries[suppressions->count] = (struct entry){strdup(text), line, 0};
	if (entries[suppressions->count].text == NULL)
		cli_no_memory();
	suppressions->count++;
}

struct suppressions *suppressions_read(const char *verb, const char *path)
{
	FILE *file = fopen(path, "re");
	struct suppressions *suppressions;
	size_t size = 0, number = 0;
	char *line = NULL;
	bool good = true;

	if (file == NULL) {
		cli_error(verb, "%s: %s", path, strerror(errno));
		return NULL;
	}
	suppressions = calloc(1, sizeof *suppressions);
	if (suppressions == NULL || (suppressions->path = strdup(path)) == NULL)
		cli_no_memory();
	while (good && getline(&line, &size, file) >= 0) {
		const char *start;

		number++;
		line[strcspn(line, "\n")] = '\0';
		start = suppression_of_line(line);
		if (start == NULL)
			continue;
		good = check_entry(verb, path, number, start);
		add_entry(suppressions, start, number);
	}
	if (good && ferror(file)) {
		cli_error(verb, "%s: %s", path, strerror(errno));
		good = false;
	}
	free(line);
	fclose(file);
	if (good)
		return suppressions;
	suppressions_free(suppressions);
	return NULL;
}

void suppressions_free(struct suppressions *suppressions)
{
	for (size_t i = 0; i < suppressions->count; i++)
		free(suppressions->entries[i].text);
	free(suppressions->entries);
	free(suppressions->path);
	free(suppressions);
}

/* --- matching ------------------------------------------------------------------------------ */

struct asked {
	const struct log_record *finding;
	uint64_t fingerprint;
};

static bool text_fits(struct span pattern, const char *text)
{
	return text != NULL && suppression_pattern_fits(pattern, span_from(text));
}

static bool function_fits(struct span pattern, const json_t *frame)
{
	const char *name = field_string(frame, "function");
	char readable[DEMANGLE_BYTES];

	return text_fits(pattern, name) ||
	       (name != NULL && demangle(name, readable) && text_fits(pattern, readable));
}

static bool any_frame_fits(enum suppression_word word, struct span pattern,
			   const struct log_record *finding)
{
	for (int i = 0; i < LOG_STACK_COUNT; i++) {
		const json_t *frame;
		size_t k;

		json_array_foreach(finding->stacks[i], k, frame)
			if (word == SUPPRESSION_FUNCTION
				    ? function_fits(pattern, frame)
				    : text_fits(pattern,
						field_string(frame, suppression_words[word])))
				return true;
	}
	return false;
}

static bool word_fits(void *argument, enum suppression_word word, struct span pattern)
{
	const struct asked *asked = argument;
	char digits[FINGERPRINT_DIGITS + 1];

	switch (word) {
	case SUPPRESSION_KIND:
		return text_fits(pattern, kind_name(asked->finding->kind));
	case SUPPRESSION_PROTOCOL:
	case SUPPRESSION_CLASS:
	case SUPPRESSION_PEER:
		return text_fits(pattern,
				 field_string(asked->finding->connection, suppression_words[word]));
	case SUPPRESSION_FUNCTION:
	case SUPPRESSION_FILE:
	case SUPPRESSION_MODULE:
		return any_frame_fits(word, pattern, asked->finding);
	case SUPPRESSION_FINGERPRINT:
		snprintf(digits, sizeof digits, "%016" PRIx64, asked->fingerprint);
		return text_fits(pattern, digits);
	case SUPPRESSION_WORDS:
		break;
	}
	return false;
}

bool suppressions_fit(struct suppressions *suppressions, const struct log_record *finding,
		      uint64_t fingerprint)
{
	struct asked asked = {finding, fingerprint};

	for (size_t i = 0; i < suppressions->count; i++) {
		struct entry *entry = &suppressions->entries[i];

		if (!suppression_fits(entry->text, word_fits, &asked))
			continue;
		entry->used++;
		return true;
	}
	return false;
}

size_t suppressions_print_unused(const struct suppressions *suppressions, const char *prefix,
				 FILE *out)
{
	size_t unused = 0;

	for (size_t i = 0; i < suppressions->count; i++) {
		if (suppressions->entries[i].used > 0)
			continue;
		fprintf(out, "%s%s:%zu: ", prefix, suppressions->path,
			suppressions->entries[i].line);
		escape_print(suppressions->entries[i].text, out);
		fputc('\n', out);
		unused++;
	}
	return unused;
}
