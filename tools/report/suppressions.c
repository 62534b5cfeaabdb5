/* SPDX-License-Identifier: MIT */
/*
 * See suppressions.h.  An entry keeps the text of the line; each finding parses the words anew,
 * which costs little beside the parsing of the finding.
 */
#include "report/suppressions.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/fingerprint.h"
#include "common/names.h"
#include "common/suggest.h"
#include "base/cli.h"
#include "base/escape.h"
#include "log/field.h"
#include "symbols/demangle.h"

#define PATTERN_BYTES 512
#define BLANKS " \t\r\n"

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

enum word { KIND, PROTOCOL, CLASS, PEER, FUNCTION, FILE_NAME, MODULE, FINGERPRINT, WORD_COUNT };

static const char *const words[WORD_COUNT] = {
	"kind", "protocol", "class", "peer", "function", "file", "module", "fingerprint",
};

/* --- reading ------------------------------------------------------------------------------- */

/* Takes the next word off *text.  False at the end; *fault is set when the rest is no word. */
static bool next_word(const char **text, enum word *word, char pattern[PATTERN_BYTES],
		      const char **fault)
{
	const char *at = *text + strspn(*text, BLANKS);
	size_t name_len = strcspn(at, ":" BLANKS), len;
	bool quoted;

	*fault = NULL;
	if (*at == '\0')
		return false;
	for (*word = 0; *word < WORD_COUNT; ++*word)
		if (strlen(words[*word]) == name_len && memcmp(words[*word], at, name_len) == 0)
			break;
	if (*word == WORD_COUNT || at[name_len] != ':') {
		*fault = at;
		return false;
	}
	at += name_len + 1;
	quoted = *at == '"';
	len = quoted ? strcspn(++at, "\"\n") : strcspn(at, BLANKS);
	if (len == 0 || len >= PATTERN_BYTES || (quoted && at[len] != '"')) {
		*fault = at;
		return false;
	}
	memcpy(pattern, at, len);
	pattern[len] = '\0';
	*text = at + len + quoted;
	return true;
}

static bool check_entry(const char *verb, const char *path, size_t line, const char *text)
{
	char pattern[PATTERN_BYTES], found[64], clean[ESCAPED_BYTES(sizeof found)];
	const char *fault, *guess;
	enum word word;

	while (next_word(&text, &word, pattern, &fault))
		continue;
	if (fault == NULL)
		return true;
	snprintf(found, sizeof found, "%.*s", (int)strcspn(fault, BLANKS), fault);
	escape_text(found, clean, sizeof clean);
	guess = suggest_closest(found, strcspn(found, ":"), words, WORD_COUNT);
	cli_error(verb, "%s:%zu: expected WHAT:PATTERN, found %s%s%s%s", path, line, clean,
		  guess != NULL ? "; did you mean " : "", guess != NULL ? guess : "",
		  guess != NULL ? ":?" : "");
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
		const char *start = line + strspn(line, BLANKS);

		number++;
		line[strcspn(line, "\n")] = '\0';
		if (*start == '\0' || *start == '#')
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

static bool text_fits(const char *pattern, const char *text)
{
	return text != NULL && fnmatch(pattern, text, 0) == 0;
}

static bool function_fits(const char *pattern, const json_t *frame)
{
	const char *name = field_string(frame, "function");
	char readable[DEMANGLE_BYTES];

	return text_fits(pattern, name) ||
	       (name != NULL && demangle(name, readable) && text_fits(pattern, readable));
}

static bool any_frame_fits(enum word word, const char *pattern, const struct log_record *finding)
{
	for (int i = 0; i < LOG_STACK_COUNT; i++) {
		const json_t *frame;
		size_t k;

		json_array_foreach(finding->stacks[i], k, frame)
			if (word == FUNCTION ? function_fits(pattern, frame)
					     : text_fits(pattern, field_string(frame, words[word])))
				return true;
	}
	return false;
}

static bool word_fits(enum word word, const char *pattern, const struct log_record *finding,
		      uint64_t number)
{
	char digits[FINGERPRINT_DIGITS + 1];

	switch (word) {
	case KIND:
		return text_fits(pattern, kind_name(finding->kind));
	case PROTOCOL:
	case CLASS:
	case PEER:
		return text_fits(pattern, field_string(finding->connection, words[word]));
	case FUNCTION:
	case FILE_NAME:
	case MODULE:
		return any_frame_fits(word, pattern, finding);
	case FINGERPRINT:
		snprintf(digits, sizeof digits, "%016" PRIx64, number);
		return text_fits(pattern, digits);
	case WORD_COUNT:
		break;
	}
	return false;
}

static bool entry_fits(const struct entry *entry, const struct log_record *finding, uint64_t number)
{
	char pattern[PATTERN_BYTES];
	const char *text = entry->text, *fault;
	enum word word;

	while (next_word(&text, &word, pattern, &fault))
		if (!word_fits(word, pattern, finding, number))
			return false;
	return true;
}

bool suppressions_fit(struct suppressions *suppressions, const struct log_record *finding,
		      uint64_t fingerprint)
{
	for (size_t i = 0; i < suppressions->count; i++) {
		struct entry *entry = &suppressions->entries[i];

		if (!entry_fits(entry, finding, fingerprint))
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
