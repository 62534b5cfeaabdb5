/* SPDX-License-Identifier: MIT */
/*
 * Messages, help and guesses at mistyped words.  See cli.h.
 */
#include "base/cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/exit_status.h"
#include "base/verb.h"

#define MAX_WORD 64 /* longer words are not guessed at */
#define MAX_LONG_OPTIONS 32

void cli_error(const char *verb, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, verb != NULL ? "forksan %s: " : "forksan: ", verb);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

void cli_print_help(const struct verb *verb)
{
	printf("usage: forksan %s %s\n%s\n\n%s", verb->name, verb->usage, verb->summary,
	       verb->help);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

/* Edits (insert, delete, replace, swap of neighbours) between two words of at most MAX_WORD. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][MAX_WORD + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];
	size_t a_len = strlen(a), b_len = strlen(b);

	for (size_t j = 0; j <= b_len; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned *spare = before;

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_len; j++) {
			unsigned replace = last[j - 1] + (a[i - 1] != b[j - 1]);

			now[j] = min3(last[j] + 1, now[j - 1] + 1, replace);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		before = last;
		last = now;
		now = spare;
	}
	return last[b_len];
}

const char *cli_closest(const char *word, const char *const *candidates, size_t count)
{
	const char *closest = NULL;
	size_t word_len = strlen(word);
	unsigned least = 3; /* three edits turn any short word into any other */

	if (word_len == 0 || word_len > MAX_WORD)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(candidates[i]);
		unsigned edits;

		if (len > MAX_WORD)
			continue;
		edits = distance(word, candidates[i]);
		/* As many edits as half the word is long say nothing. */
		if (edits < least && edits * 2 <= len) {
			least = edits;
			closest = candidates[i];
		}
	}
	return closest;
}

static const char *closest_long_option(const char *word, const struct option *longs)
{
	const char *names[MAX_LONG_OPTIONS];
	size_t count = 0;

	while (count < MAX_LONG_OPTIONS && longs[count].name != NULL) {
		names[count] = longs[count].name;
		count++;
	}
	return cli_closest(word, names, count);
}

int cli_unknown_option(const struct verb *verb, const struct option *longs, char **argv, int result)
{
	const char *text = argv[optind - 1];
	const char *guess;

	if (result == ':') {
		cli_error(verb->name, "%s: expected a value, found nothing", text);
	} else if (strncmp(text, "--", 2) == 0) {
		char word[MAX_WORD + 1];

		snprintf(word, sizeof word, "%.*s", (int)strcspn(text + 2, "="), text + 2);
		guess = closest_long_option(word, longs);
		if (guess != NULL)
			cli_error(verb->name, "unknown option --%s; did you mean --%s?", word,
				  guess);
		else
			cli_error(verb->name, "unknown option --%s", word);
	} else {
		cli_error(verb->name, "unknown option -%c", optopt);
	}
	fprintf(stderr, "usage: forksan %s %s (see forksan %s --help)\n", verb->name, verb->usage,
		verb->name);
	return STATUS_USAGE;
}

void cli_no_memory(void)
{
	cli_error(NULL, "out of memory");
	exit(STATUS_USAGE);
}
