/* SPDX-License-Identifier: MIT */
/*
 * Reads FORKSAN_OPTIONS.  See options.h; the keys are in options.def.
 *
 *     text  = entry { separator entry }        separator: ':' or a newline
 *     entry = key '=' value                    blanks around both are dropped
 *     value = ' any but ' ' | " any but " " | any but a separator
 *
 * As with the sanitizers there is no escape character: a value with ':' is put into quotes.
 */
#include "options/options.h"

#include <string.h>

#include "options/value.h"
#include "common/suggest.h"
#include "base/text.h"

/* A text with more mistakes than this is none of ours. */
#define MAX_COMPLAINTS 8
/* The longest complaint names every key (120 bytes) and shows one foreign word. */
#define COMPLAINT_BYTES 384
#define SHOWN_BYTES 64

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct options options;

struct option {
	enum option_type type;
	const char *name;
	size_t offset; /* of the member in struct options */
	size_t size_bytes;
	const char *standard; /* its default */
	const char *sentence;
};

/* clang-format off */
static const struct option table[] = {
#define OPTION(type, name, member, standard, sentence)                                             \
	{OPTION_##type, #name, offsetof(struct options, member), sizeof(options.member),           \
	 standard, sentence},
#include "options.def"
#undef OPTION
};
/* clang-format on */

static const char *const keys[] = {
#define OPTION(type, name, member, standard, sentence) #name,
#include "options.def"
#undef OPTION
};

struct reader {
	void (*complain)(const char *line);
	unsigned complaints;
	struct text line;
	char bytes[COMPLAINT_BYTES];
};

/* --- complaints -------------------------------------------------------------------------- */

/* False when enough was said.  Else the line is begun, and end_complaint() is next. */
static bool begin_complaint(struct reader *reader)
{
	reader->complaints++;
	if (reader->complaints > MAX_COMPLAINTS)
		return false;
	text_init(&reader->line, reader->bytes, sizeof(reader->bytes));
	text_put_string(&reader->line, "FORKSAN_OPTIONS: ");
	return true;
}

static void end_complaint(struct reader *reader)
{
	reader->complain(reader->bytes);
	if (reader->complaints == MAX_COMPLAINTS)
		reader->complain("FORKSAN_OPTIONS: further mistakes are not shown");
}

static void put_shown(struct reader *reader, struct piece piece)
{
	size_t shown = piece.len < SHOWN_BYTES ? piece.len : SHOWN_BYTES;

	text_put_clean(&reader->line, piece.start, shown);
	if (shown < piece.len)
		text_put_string(&reader->line, "...");
}

static void put_suggestion(struct reader *reader, struct piece wrong, const char *const words[],
			   size_t count)
{
	const char *closest = suggest_closest(wrong.start, wrong.len, words, count);

	if (closest == NULL)
		return;
	text_put_string(&reader->line, "; did you mean \"");
	text_put_string(&reader->line, closest);
	text_put_string(&reader->line, "\"?");
}

static void complain_of_key(struct reader *reader, struct piece key)
{
	if (!begin_complaint(reader))
		return;
	text_put_string(&reader->line, "unknown key \"");
	put_shown(reader, key);
	text_put_string(&reader->line, "\", expected one of ");
	for (size_t i = 0; i < COUNT(keys); i++) {
		text_put_string(&reader->line, i == 0 ? "" : ", ");
		text_put_string(&reader->line, keys[i]);
	}
	put_suggestion(reader, key, keys, COUNT(keys));
	end_complaint(reader);
}

static void complain_of_value(struct reader *reader, const struct option *option,
			      const struct option_reading *reading)
{
	const struct option_value *type = &option_values[option->type];

	if (!begin_complaint(reader))
		return;
	text_put_string(&reader->line, option->name);
	text_put_char(&reader->line, '=');
	put_shown(reader, reading->value);
	text_put_string(&reader->line, ": expected ");
	text_put_string(&reader->line, type->expected);
	if (reading->wrong.len < reading->value.len) {
		text_put_string(&reader->line, ", found \"");
		put_shown(reader, reading->wrong);
		text_put_char(&reader->line, '"');
	}
	put_suggestion(reader, reading->wrong, type->words, type->word_count);
	end_complaint(reader);
}

static void complain_of_entry(struct reader *reader, struct piece entry, const char *expected)
{
	if (!begin_complaint(reader))
		return;
	text_put_string(&reader->line, "expected ");
	text_put_string(&reader->line, expected);
	text_put_string(&reader->line, ", found \"");
	put_shown(reader, entry);
	text_put_char(&reader->line, '"');
	end_complaint(reader);
}

/* --- the text ---------------------------------------------------------------------------- */

static void set_option(struct reader *reader, struct piece key, struct piece value)
{
	int found = piece_find(key, keys, COUNT(keys));
	const struct option *option;
	struct option_reading reading;

	if (found < 0) {
		complain_of_key(reader, key);
		return;
	}
	option = &table[found];
	reading = (struct option_reading){
		.value = value,
		.member = (char *)&options + option->offset,
		.size_bytes = option->size_bytes,
		.wrong = value,
	};
	if (!option_values[option->type].read(&reading))
		complain_of_value(reader, option, &reading);
}

static bool is_end(char c)
{
	return c == ':' || c == '\n' || c == '\0';
}

static const char *skip_to_end(const char *at)
{
	while (!is_end(*at))
		at++;
	return at;
}

static const char *skip_blanks(const char *at)
{
	while (piece_is_blank(*at))
		at++;
	return at;
}

/* Reads the value that starts at `at`; returns where it ends, or NULL when it is malformed. */
static const char *read_value(struct reader *reader, const char *at, struct piece *value)
{
	char quote = *at;
	const char *end;

	if (quote != '\'' && quote != '"') {
		end = skip_to_end(at);
		*value = piece_trim((struct piece){at, (size_t)(end - at)});
		return end;
	}
	end = strchr(at + 1, quote);
	if (end == NULL) {
		complain_of_entry(reader, piece_from(at), "a closing quote");
		return NULL;
	}
	*value = (struct piece){at + 1, (size_t)(end - at - 1)};
	end = skip_blanks(end + 1);
	if (!is_end(*end)) {
		complain_of_entry(reader, piece_from(end), "':' after a closing quote");
		return NULL;
	}
	return end;
}

/* Reads the entry at `at`; returns where it ends: at a separator or at the end of the text. */
static const char *read_entry(struct reader *reader, const char *at)
{
	const char *key_end = at;
	struct piece key;
	struct piece value;

	while (*key_end != '=' && !is_end(*key_end))
		key_end++;
	key = piece_trim((struct piece){at, (size_t)(key_end - at)});
	if (*key_end != '=') {
		if (key.len > 0)
			complain_of_entry(reader, key, "key=value (a value with ':' in quotes)");
		return key_end;
	}
	at = read_value(reader, skip_blanks(key_end + 1), &value);
	if (at == NULL) /* where the next entry starts cannot be told */
		return key_end + strlen(key_end);
	set_option(reader, key, value);
	return at;
}

void options_parse(const char *text, void (*complain)(const char *line))
{
	struct reader reader = {.complain = complain};

	options = (struct options){.text = text};
	for (size_t i = 0; i < COUNT(table); i++)
		set_option(&reader, piece_from(table[i].name), piece_from(table[i].standard));
	while (text != NULL && *text != '\0') {
		text = read_entry(&reader, text);
		if (*text != '\0')
			text++;
	}
}

/* The column of the sentences; the longest "key=default" but one fits before it. */
#define HELP_COLUMN 16

size_t options_help(char *out, size_t size)
{
	struct text text;

	text_init(&text, out, size);
	text_put_string(&text, "forksan " FORKSAN_VERSION
			       " reads FORKSAN_OPTIONS=\"key=value:key=value\"; a value with ':' "
			       "is put into quotes.\nThe keys, each with its default:\n");
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
