/* SPDX-License-Identifier: MIT */
/*
 * See site.h.
 */
#include "log/site.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *site_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* send() itself tells nobody where to look. */
static bool is_libc(const char *module)
{
	const char *base = site_base_name(module);

	return strncmp(base, "libc.so", 7) == 0 || strncmp(base, "libc-2.", 7) == 0 ||
	       strncmp(base, "libpthread", 10) == 0;
}

static const char *string_of(const json_t *frame, const char *name)
{
	return json_string_value(json_object_get(frame, name));
}

static long long integer_of(const json_t *frame, const char *name)
{
	return (long long)json_integer_value(json_object_get(frame, name));
}

static void put_named(const json_t *frame, char *out, size_t size)
{
	const char *name = string_of(frame, "demangled");
	const char *file = string_of(frame, "file");

	if (name == NULL)
		name = string_of(frame, "function");
	if (file != NULL)
		snprintf(out, size, "%s:%lld (%s)", file, integer_of(frame, "line"), name);
	else
		snprintf(out, size, "%s (%s)", name, site_base_name(string_of(frame, "module")));
}

static void find_site(const char *culprit, const json_t *stack, char *out, size_t size)
{
	const json_t *named = NULL, *placed = NULL, *frame;
	size_t i;

	if (culprit != NULL) {
		snprintf(out, size, "%s", culprit);
		return;
	}

	json_array_foreach(stack, i, frame)
	{
		const char *module = string_of(frame, "module");

		if (string_of(frame, "file") != NULL &&
		    strcmp(string_of(frame, "language"), "native") != 0) {
			snprintf(out, size, "%s:%lld", string_of(frame, "file"),
				 integer_of(frame, "line"));
			return;
		}
		if (module == NULL || is_libc(module))
			continue;
		if (placed == NULL)
			placed = frame;
		if (named == NULL && string_of(frame, "function") != NULL)
			named = frame;
	}
	if (named != NULL)
		put_named(named, out, size);
	else if (placed != NULL)
		snprintf(out, size, "%s+0x%llx", site_base_name(string_of(placed, "module")),
			 (unsigned long long)integer_of(placed, "offset"));
	else
		snprintf(out, size, "unknown place");
}

static const json_t *stack_of(const json_t *finding, const char *name)
{
	return json_object_get(json_object_get(finding, "stacks"), name);
}

void site_opened(const json_t *finding, char *out, size_t size)
{
	find_site(string_of(json_object_get(finding, "culprit"), "opened"),
		  stack_of(finding, "opened"), out, size);
}

void site_used(const json_t *finding, char *out, size_t size)
{
	bool used = strcmp(string_of(finding, "kind"), "open-at-fork") != 0;

	find_site(string_of(json_object_get(finding, "culprit"), "use"),
		  stack_of(finding, used ? "this_use" : "forked"), out, size);
}
