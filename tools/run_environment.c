/* SPDX-License-Identifier: MIT */
/*
 * See run_environment.h.  Entries that stay are borrowed from environ; the two that are ours stand
 * first.
 */
#include "run_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "run_options.h"

#define OURS 2

static bool is_ours(const char *entry)
{
	return strncmp(entry, "LD_PRELOAD=", 11) == 0 ||
	       strncmp(entry, "FORKSAN_OPTIONS=", 16) == 0;
}

/* NAME=value, with `value` freed. */
static char *assign(const char *name, char *value)
{
	char *entry;

	if (value == NULL || asprintf(&entry, "%s=%s", name, value) < 0)
		cli_no_memory();
	free(value);
	return entry;
}

char **run_environment(const char *library, const char *session, bool strict, const char *log_path)
{
	size_t count = 0, kept = OURS;
	char **environment;

	while (environ[count] != NULL)
		count++;
	environment = calloc(count + OURS + 1, sizeof *environment);
	if (environment == NULL)
		cli_no_memory();
	environment[0] = assign("LD_PRELOAD", run_options_preload(getenv("LD_PRELOAD"), library));
	environment[1] = assign("FORKSAN_OPTIONS", run_options_add(getenv("FORKSAN_OPTIONS"),
								   session, strict, log_path));
	for (size_t i = 0; i < count; i++)
		if (!is_ours(environ[i]))
			environment[kept++] = environ[i];
	return environment;
}

void run_environment_free(char **environment)
{
	for (size_t i = 0; i < OURS; i++)
		free(environment[i]);
	free(environment);
}
