/* SPDX-License-Identifier: MIT */
/*
 * See suppression.h.  An entry stays text: each finding has its words parsed anew, which costs
 * little beside the finding.
 */
#include "common/suppression.h"

#include <string.h>

#include "common/suggest.h"

#define BLANKS " \t\r\n"

const char *const suppression_words[SUPPRESSION_WORDS] = {
	[SUPPRESSION_KIND] = "kind",	     [SUPPRESSION_PROTOCOL] = "protocol",
	[SUPPRESSION_CLASS] = "class",	     [SUPPRESSION_PEER] = "peer",
	[SUPPRESSION_FUNCTION] = "function", [SUPPRESSION_FILE] = "file",
	[SUPPRESSION_MODULE] = "module",     [SUPPRESSION_FINGERPRINT] = "fingerprint",
};

/* --- words --------------------------------------------------------------------------------- */

const char *suppression_of_line(const char *line)
{
	line += strspn(line, BLANKS);
	return *line == '\0' || *line == '#' ? NULL : line;
}

/* Takes the next word off *text.  False at the end, with *fault NULL, or where the rest begins with
 * no word, with *fault there. */
static bool next_word(const char **text, enum suppression_word *word, struct span *pattern,
		      const char **fault)
{
	const char *at = *text + strspn(*text, BLANKS);
	struct span name = {at, strcspn(at, ":" BLANKS)};
	int found = span_find(name, suppression_words, SUPPRESSION_WORDS);
	bool quoted;

	*fault = NULL;
	if (*at == '\0')
		return false;
	if (found < 0 || at[name.len] != ':') {
		*fault = at;
		return false;
	}
	at += name.len + 1;
	quoted = *at == '"';
	at += quoted;
	*pattern = (struct span){at, strcspn(at, quoted ? "\"\n" : BLANKS)};
	if (pattern->len == 0 || pattern->len >= SUPPRESSION_PATTERN_BYTES ||
	    (quoted && at[pattern->len] != '"')) {
		*fault = at;
		return false;
	}
	*word = (enum suppression_word)found;
	*text = at + pattern->len + quoted;
	return true;
}

bool suppression_is_good(const char *entry, struct span *fault, const char **guess)
{
	enum suppression_word word;
	struct span pattern;
	const char *wrong;

	while (next_word(&entry, &word, &pattern, &wrong))
		continue;
	if (wrong == NULL)
		return true;
	*fault = (struct span){wrong, strcspn(wrong, BLANKS)};
	*guess = suggest_closest(wrong, strcspn(wrong, ":" BLANKS), suppression_words,
				 SUPPRESSION_WORDS);
	return false;
}

bool suppression_fits(const char *entry, suppression_ask *ask, void *finding)
{
	enum suppression_word word;
	struct span pattern;
	const char *wrong;

	while (next_word(&entry, &word, &pattern, &wrong))
		if (!ask(finding, word, pattern))
			return false;
	return wrong == NULL;
}

/* --- patterns ------------------------------------------------------------------------------ */

/* Returns the ']' of the set whose '[' is before `at`; NULL: there is none.  A ']' that comes first
 * is a member. */
static const char *set_end(const char *at, const char *end)
{
	if (at < end && (*at == '!' || *at == '^'))
		at++;
	if (at < end && *at == ']')
		at++;
	while (at < end && *at != ']')
		at += *at == '\\' && end - at > 1 ? 2 : 1;
	return at < end ? at : NULL;
}

static unsigned char next_byte(const char **at, const char *end)
{
	if (**at == '\\' && end - *at > 1)
		++*at;
	return (unsigned char)*(*at)++;
}

static bool set_has(const char *at, const char *end, unsigned char byte)
{
	bool negated = *at == '!' || *at == '^', found = false;

	at += negated;
	while (at < end) {
		unsigned char low = next_byte(&at, end), high = low;

		if (end - at > 1 && *at == '-') {
			at++;
			high = next_byte(&at, end);
		}
		found = found || (low <= byte && byte <= high);
	}
	return found != negated;
}

/* Takes what stands for one byte, and is no '*', off the pattern. */
static bool next_fits(const char **at, const char *end, unsigned char byte)
{
	const char *set = *at + 1;
	const char *close = **at == '[' ? set_end(set, end) : NULL;

	if (close != NULL) {
		*at = close + 1;
		return set_has(set, close, byte);
	}
	if (**at == '?') {
		++*at;
		return true;
	}
	return next_byte(at, end) == byte;
}

/* When a byte does not fit, the latest '*' takes one byte more. */
bool suppression_pattern_fits(struct span pattern, struct span text)
{
	const char *at = pattern.start, *end = at + pattern.len, *star = NULL;
	size_t i = 0, taken = 0;

	while (i < text.len) {
		if (at < end && *at == '*') {
			star = ++at;
			taken = i;
		} else if (at < end && next_fits(&at, end, (unsigned char)text.start[i])) {
			i++;
		} else if (star != NULL) {
			at = star;
			i = ++taken;
		} else {
			return false;
		}
	}
	while (at < end && *at == '*')
		at++;
	return at == end;
}
