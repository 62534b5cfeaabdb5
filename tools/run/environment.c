/* SPDX-License-Identifier: MIT */
/*
 * See environment.h.  The variables that forksan sets are allocated and stand first; all other
 * entries are borrowed from environ.
 */
#include "run/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "run/options.h"

static const char *const ours[] = {"LD_PRELOAD", "FORKSAN_OPTIONS", "ASAN_OPTIONS"};
#define OURS (sizeof ours / sizeof ours[0])

static bool is_ours(const char *entry)
{
	for (size_t i = 0; i < OURS; i++) {
		size_t len = strlen(ours[i]);

		if (strncmp(entry, ours[i], len) == 0 && entry[len] == '=')
			return true;
	}
	return false;
}

/*
 * Returns the value of ASAN_OPTIONS, from malloc(); NULL: no memory.  gcc links a program with
 * AddressSanitizer to a shared runtime, which ends the program when this runtime is not the first
 * library.  The order does no harm with libforksan.so in front, because forksan's functions call on
 * to the runtime's.  A user's own verify_asan_link_order stands.
 */
static char *asan_options(const char *value)
{
	static const char option[] = "verify_asan_link_order";
	char *all;

	if (value == NULL || value[0] == '\0')
		all = strdup("verify_asan_link_order=0");
	else if (strstr(value, option) != NULL)
		all = strdup(value);
	else if (asprintf(&all, "%s:%s=0", value, option) < 0)
		all = NULL;
	return all;
}

/* Returns "NAME=value" from malloc(), and frees `value`; NULL there ends the tool for lack of
 * memory. */
static char *assign(const char *name, char *value)
{
	char *entry;

	if (value == NULL || asprintf(&entry, "%s=%s", name, value) < 0)
		cli_no_memory();
	free(value);
	return entry;
}

char **run_environment(const char *library, const struct run_wishes *wishes)
{
	size_t count = 0, kept = OURS;
	char **environment;

	while (environ[count] != NULL)
		count++;
	environment = calloc(count + OURS + 1, sizeof *environment);
	if (environment == NULL)
		cli_no_memory();
	environment[0] = assign(ours[0], run_options_preload(getenv("LD_PRELOAD"), library));
	environment[1] = assign(ours[1], run_options_add(getenv("FORKSAN_OPTIONS"), wishes));
	environment[2] = assign(ours[2], asan_options(getenv(ours[2])));
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
