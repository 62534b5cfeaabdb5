/* SPDX-License-Identifier: MIT */
/*
 * FORKSAN_OPTIONS may hold anything: no text crashes the parser, complaints are single lines of
 * bounded length and number, and options stay in their ranges.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "options/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned complaints;

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void complain(const char *line)
{
	complaints++;
	require(strlen(line) < 512 && strpbrk(line, "\n\r\x1b") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Exactly as large as the text, so that a byte too far is seen. */
	char *text = malloc(size + 1);

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	complaints = 0;
	options_parse(text, complain);
	require(complaints <= 9);
	require(options.exitcode >= 0 && options.exitcode <= 255);
	require(options.verbosity >= 0 && options.verbosity <= 2);
	require(options.watch >> CLASS_COUNT == 0);
	require(strlen(options.log_path) < sizeof(options.log_path));
	require(strspn(options.session, "0123456789abcdef") == strlen(options.session));
	(void)options_ignores(PROTOCOL_MYSQL, text);
	(void)options_ignores(PROTOCOL_OTHER, "[::1]:5432");
	free(text);
	return 0;
}
