/* SPDX-License-Identifier: MIT */
/*
 * See cli.h.
 */
#include "base/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/suggest.h"
#include "base/exit_status.h"
#include "base/verb.h"

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

static const char *closest_long_option(const char *word, const struct option *longs)
{
	const char *names[MAX_LONG_OPTIONS];
	size_t count = 0;

	while (count < MAX_LONG_OPTIONS && longs[count].name != NULL) {
		names[count] = longs[count].name;
		count++;
	}
	return suggest_closest(word, strlen(word), names, count);
}

int cli_unknown_option(const struct verb *verb, const struct option *longs, char **argv, int result)
{
	const char *text = argv[optind - 1];
	const char *guess;

	if (result == ':') {
		cli_error(verb->name, "%s: expected a value, found nothing", text);
	} else if (strncmp(text, "--", 2) == 0) {
		char word[2 * SUGGEST_MAX_LEN];

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

bool cli_number(const char *verb, const char *option, const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 10);
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && *number > 0 && errno == 0)
		return true;
	cli_error(verb, "%s: expected a number above 0, found %s", option, text);
	return false;
}

void cli_no_memory(void)
{
	cli_error(NULL, "out of memory");
	exit(STATUS_USAGE);
}
