/* SPDX-License-Identifier: MIT */
/*
 * Matches advice.def's words against a finding.  See advice.h.
 */
#include "report/advice.h"

#include <stdbool.h>
#include <string.h>

#include "common/names.h"
#include "log/record.h"

#define MAX_WORD 64

/* From the first shown to the last. */
enum rank { GUARD, FORKER, LIBRARY, FALLBACK, NOTE, FALSE, RANK_COUNT };

/* Sets of kinds. */
#define OPEN (1u << KIND_OPEN_AT_FORK)
#define GOODBYE (1u << KIND_FOREIGN_GOODBYE)
#define ANY (~0u)
#define USED (ANY & ~(OPEN | GOODBYE))

struct row {
	const char *name;
	enum rank rank;
	unsigned when; /* bits 1 << enum kind */
	const char *match;
	const char *with;
	const char *text;
	const char *source;
};

#define ADVICE(name, rank, when, match, with, text, source)                                        \
	{name, rank, when, match, with, text, source},
static const struct row rows[] = {
#include "report/advice.def"
};
#undef ADVICE
#define ROW_COUNT (sizeof rows / sizeof rows[0])

static bool contains(const json_t *object, const char *name, const char *text)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL && strstr(value, text) != NULL;
}

static bool equals(const json_t *object, const char *name, const char *text)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL && strcmp(value, text) == 0;
}

static bool begins(const json_t *object, const char *name, const char *text)
{
	const char *value = json_string_value(json_object_get(object, name));

	return value != NULL && strncmp(value, text, strlen(text)) == 0;
}

/* True when the frame has `text` as its `what`.  A native frame's `file` is the driver's C source,
 * which tells less than `module`. */
static bool frame_fits(const json_t *frame, const char *what, const char *text)
{
	if (strcmp(what, "file") == 0)
		return !equals(frame, "language", "native") && contains(frame, "file", text);
	if (strcmp(what, "module") == 0)
		return contains(frame, "module", text);
	return equals(frame, what, text); /* function, language */
}

static bool word_fits(const json_t *finding, const char *what, const char *text)
{
	const json_t *stacks = json_object_get(finding, "stacks");

	if (strcmp(what, "protocol") == 0 || strcmp(what, "class") == 0)
		return equals(json_object_get(finding, "connection"), what, text);
	if (strcmp(what, "threads") == 0)
		return json_integer_value(json_object_get(finding, "threads_at_fork")) > 1;
	if (strcmp(what, "comm") == 0)
		return begins(finding, "comm", text) ||
		       begins(json_object_get(finding, "other"), "comm", text);
	for (int i = 0; i < LOG_STACK_COUNT; i++) {
		const json_t *frame;
		size_t k;

		json_array_foreach(json_object_get(stacks, log_stack_names[i]), k, frame)
			if (frame_fits(frame, what, text))
				return true;
	}
	return false;
}

/* `all`: true when every word fits, else when any word fits.  No words fit always. */
static bool words_fit(const json_t *finding, const char *words, bool all)
{
	if (words[0] == '\0')
		return true;
	while (*words != '\0') {
		char word[MAX_WORD];
		size_t len = strcspn(words, " ");
		char *colon;
		bool fits;

		memcpy(word, words, len);
		word[len] = '\0';
		colon = strchr(word, ':');
		*colon = '\0';
		fits = word_fits(finding, word, colon + 1);
		if (fits != all)
			return fits;
		words += len + (words[len] == ' ');
	}
	return all;
}

static bool known_already(const struct advice *out, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(out[i].name, name) == 0)
			return true;
	return false;
}

/* The finding's kind as a bit. */
static unsigned kind_bit(const json_t *finding)
{
	for (int kind = 0; kind < KIND_COUNT; kind++)
		if (equals(finding, "kind", kind_name((enum kind)kind)))
			return 1u << kind;
	return 0;
}

/* True when a rank is shown beside the ranks in `seen`, which had a fitting row. */
static bool is_wanted(enum rank rank, const bool seen[RANK_COUNT])
{
	switch (rank) {
	case GUARD:
	case NOTE:
	case FALSE:
	case RANK_COUNT:
		break;
	case FORKER:
		return !seen[GUARD];
	case LIBRARY:
		return !seen[GUARD] && !seen[FORKER];
	case FALLBACK:
		return !seen[GUARD] && !seen[FORKER] && !seen[LIBRARY];
	}
	return true;
}

size_t advice_find(const json_t *finding, struct advice out[ADVICE_MAX])
{
	unsigned kind = kind_bit(finding);
	bool seen[RANK_COUNT] = {false};
	size_t count = 0;

	for (enum rank rank = 0; rank < RANK_COUNT; rank++) {
		if (!is_wanted(rank, seen))
			continue;
		for (size_t i = 0; i < ROW_COUNT && count < ADVICE_MAX; i++) {
			const struct row *row = &rows[i];

			if (row->rank != rank || (row->when & kind) == 0 ||
			    (rank == FALLBACK && seen[rank]) ||
			    known_already(out, count, row->name) ||
			    !words_fit(finding, row->match, false) ||
			    !words_fit(finding, row->with, true))
				continue;
			seen[rank] = true;
			out[count++] = (struct advice){row->name, row->text, row->source};
		}
	}
	return count;
}
