/* SPDX-License-Identifier: MIT */
/*
 * Reads FORKSAN_OPTIONS.  See options.h; the keys are in options.def, the grammar is in
 * common/option_text.h.
 */
#include "options/options.h"

#include <string.h>

#include "options/value.h"
#include "common/option_text.h"
#include "common/suggest.h"
#include "base/compiler.h"
#include "base/text.h"

/* A text with more mistakes was not meant for forksan; the rest goes without a warning. */
#define MAX_WARNINGS 8
/* The longest warning names every key (150 bytes) and shows one foreign word. */
#define WARNING_BYTES 384
#define SHOWN_BYTES 64

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

FORKSAN_AT_START struct options options;

struct option {
	enum option_type type;
	const char *name;
	size_t offset; /* of the member in struct options */
	size_t size_bytes;
	const char *standard; /* the default */
	const char *sentence;
	/* Of a second key alone: the key for which this one stands, and the value. */
	const char *alias_of;
	const char *off;
	const char *on;
};

/* clang-format off */
static const struct option table[] = {
#define OPTION(type, name, member, standard, sentence)                                             \
	{OPTION_##type, #name, offsetof(struct options, member), sizeof(options.member),           \
	 standard, sentence, NULL, NULL, NULL},
#define ALIAS(name, standard, key, off, on, sentence)                                              \
	{OPTION_BOOL, #name, 0, sizeof(bool), standard, sentence, #key, off, on},
#include "options.def"
#undef OPTION
#undef ALIAS
};

static const char *const keys[] = {
#define OPTION(type, name, member, standard, sentence) #name,
#define ALIAS(name, standard, key, off, on, sentence) #name,
#include "options.def"
#undef OPTION
#undef ALIAS
};

/* clang-format on */

const char *options_mode_name(void)
{
	return option_mode_names[options.mode];
}

struct reader {
	void (*warn)(const char *line);
	unsigned warnings;
	struct text line;
	char bytes[WARNING_BYTES];
};

/* --- warnings ---------------------------------------------------------------------------- */

/* Begins a line for end_warning().  False: MAX_WARNINGS lines were written already. */
static bool begin_warning(struct reader *reader)
{
	reader->warnings++;
	if (reader->warnings > MAX_WARNINGS)
		return false;
	text_init(&reader->line, reader->bytes, sizeof(reader->bytes));
	text_put_string(&reader->line, OPTIONS_WARNING);
	return true;
}

static void end_warning(struct reader *reader)
{
	reader->warn(reader->bytes);
	if (reader->warnings == MAX_WARNINGS)
		reader->warn(OPTIONS_WARNING "further mistakes are not shown");
}

static void put_shown(struct reader *reader, struct span span)
{
	size_t shown = span.len < SHOWN_BYTES ? span.len : SHOWN_BYTES;

	text_put_escaped(&reader->line, span.start, shown);
	if (shown < span.len)
		text_put_string(&reader->line, "...");
}

static void put_found(struct reader *reader, struct span span)
{
	text_put_string(&reader->line, ", found \"");
	put_shown(reader, span);
	text_put_char(&reader->line, '"');
}

static void put_suggestion(struct reader *reader, struct span wrong, const char *const words[],
			   size_t count)
{
	const char *closest = suggest_closest(wrong.start, wrong.len, words, count);

	if (closest == NULL)
		return;
	text_put_string(&reader->line, "; did you mean \"");
	text_put_string(&reader->line, closest);
	text_put_string(&reader->line, "\"?");
}

/* "warn, strict or isolate" */
static void put_words(struct reader *reader, const char *const words[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			text_put_string(&reader->line, i + 1 < count ? ", " : " or ");
		text_put_string(&reader->line, words[i]);
	}
}

static void warn_of_key(struct reader *reader, struct span key)
{
	if (!begin_warning(reader))
		return;
	text_put_string(&reader->line, "unknown key \"");
	put_shown(reader, key);
	text_put_string(&reader->line, "\", expected ");
	put_words(reader, keys, COUNT(keys));
	put_suggestion(reader, key, keys, COUNT(keys));
	end_warning(reader);
}

static void warn_of_value(struct reader *reader, const struct option *option,
			  const struct option_reading *reading)
{
	const struct option_value *type = &option_values[option->type];

	if (!begin_warning(reader))
		return;
	text_put_string(&reader->line, option->name);
	text_put_char(&reader->line, '=');
	put_shown(reader, reading->value);
	text_put_string(&reader->line, ": expected ");
	if (type->expected != NULL)
		text_put_string(&reader->line, type->expected);
	else
		put_words(reader, type->words, type->word_count);
	if (reading->wrong.len < reading->value.len)
		put_found(reader, reading->wrong);
	put_suggestion(reader, reading->wrong, type->words, type->word_count);
	end_warning(reader);
}

static void warn_of_entry(struct reader *reader, const struct option_entry *entry)
{
	static const char *const expected[] = {
		[OPTION_NO_KEY] = "key=value",
		[OPTION_OPEN_QUOTE] = "a closing quote",
		[OPTION_AFTER_QUOTE] = "':' after a closing quote",
	};

	if (!begin_warning(reader))
		return;
	if (entry->key.len > 0) {
		put_shown(reader, entry->key);
		text_put_string(&reader->line, "=: ");
	}
	text_put_string(&reader->line, "expected ");
	text_put_string(&reader->line, expected[entry->fault]);
	put_found(reader, entry->found);
	end_warning(reader);
}

/* --- the text ---------------------------------------------------------------------------- */

/* Replaces a second key in *option by the key for which it stands, with the value that the second
 * key means. */
static bool resolve_alias(struct reader *reader, const struct option **option,
			  struct option_reading *reading)
{
	bool on;

	if ((*option)->alias_of == NULL)
		return true;
	reading->member = &on; /* cppcheck-suppress autoVariables ; read() below is its only user */
	if (!option_values[OPTION_BOOL].read(reading)) {
		warn_of_value(reader, *option, reading);
		return false;
	}
	reading->value = span_from(on ? (*option)->on : (*option)->off);
	*option = &table[span_find(span_from((*option)->alias_of), keys, COUNT(keys))];
	return true;
}

static void read_value(struct reader *reader, const struct option *option,
		       struct option_reading *reading)
{
	reading->member = (char *)&options + option->offset;
	reading->size_bytes = option->size_bytes;
	if (!option_values[option->type].read(reading))
		warn_of_value(reader, option, reading);
}

static void set_option(struct reader *reader, const struct option_entry *entry)
{
	int found = span_find(entry->key, keys, COUNT(keys));
	struct option_reading reading = {
		.value = entry->value, .quoted = entry->quoted, .wrong = entry->value};
	const struct option *option;

	if (found < 0) {
		warn_of_key(reader, entry->key);
		return;
	}
	option = &table[found];
	if (resolve_alias(reader, &option, &reading))
		read_value(reader, option, &reading);
}

static void set_defaults(struct reader *reader)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		struct option_reading reading = {.value = span_from(table[i].standard)};

		if (table[i].alias_of == NULL)
			read_value(reader, &table[i], &reading);
	}
}

void options_parse(const char *text, void (*warn)(const char *line))
{
	struct reader reader = {.warn = warn};
	struct option_entry entry;

	options = (struct options){.text = text};
	set_defaults(&reader);
	while (text != NULL && option_text_next(&text, &entry)) {
		if (entry.fault == OPTION_GOOD)
			set_option(&reader, &entry);
		else
			warn_of_entry(&reader, &entry);
	}
}

/* The column of the sentences; the longest "key=default" but one fits before it. */
#define HELP_COLUMN 16

size_t options_help(char *out, size_t size)
{
	struct text text;

	text_init(&text, out, size);
	text_put_string(&text,
			"forksan " FORKSAN_VERSION
			" reads FORKSAN_OPTIONS=\"key=value:key=value\"; a value may stand in "
			"quotes.\nThe keys, each with its default:\n");
	for (size_t i = 0; i < COUNT(table); i++) {
		size_t start = text.len;

		text_put_string(&text, "  ");
		text_put_string(&text, table[i].name);
		text_put_char(&text, '=');
		text_put_string(&text, table[i].standard);
		if (text.len - start >= HELP_COLUMN) {
			text_put_char(&text, '\n');
			start = text.len;
		}
		text_pad_to(&text, start, HELP_COLUMN);
		text_put_string(&text, table[i].sentence);
		text_put_char(&text, '\n');
	}
	return text.len;
}
