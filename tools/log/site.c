/* SPDX-License-Identifier: MIT */
/*
 * See site.h.
 */
#include "log/site.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "log/field.h"

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

static void put_named(const json_t *frame, char *out, size_t size)
{
	const char *name = field_string(frame, "demangled");
	const char *file = field_string(frame, "file");

	if (name == NULL)
		name = field_string(frame, "function");
	if (file != NULL)
		snprintf(out, size, "%s:%lld (%s)", file, field_integer(frame, "line"), name);
	else
		snprintf(out, size, "%s (%s)", name, site_base_name(field_string(frame, "module")));
}

static void find_site(const char *culprit, const json_t *stack, char *out, size_t size)
{
	const json_t *named = NULL, *placed = NULL, *frame;
	size_t i;

	if (culprit != NULL) {
		snprintf(out, size, "%s", culprit);
		return;
	}

	json_array_foreach (stack, i, frame) {
		const char *module = field_string(frame, "module");

		if (field_string(frame, "file") != NULL &&
		    strcmp(field_string(frame, "language"), "native") != 0) {
			snprintf(out, size, "%s:%lld", field_string(frame, "file"),
				 field_integer(frame, "line"));
			return;
		}
		if (module == NULL || is_libc(module))
			continue;
		if (placed == NULL)
			placed = frame;
		if (named == NULL && field_string(frame, "function") != NULL)
			named = frame;
	}
	if (named != NULL)
		put_named(named, out, size);
	else if (placed != NULL)
		snprintf(out, size, "%s+0x%llx", site_base_name(field_string(placed, "module")),
			 (unsigned long long)field_integer(placed, "offset"));
	else
		snprintf(out, size, "unknown place");
}

static const json_t *stack_of(const json_t *finding, const char *name)
{
	return json_object_get(json_object_get(finding, "stacks"), name);
}

void site_opened(const json_t *finding, char *out, size_t size)
{
	find_site(field_string(json_object_get(finding, "culprit"), "opened"),
		  stack_of(finding, "opened"), out, size);
}

void site_used(const json_t *finding, char *out, size_t size)
{
	bool used = strcmp(field_string(finding, "kind"), "open-at-fork") != 0;

	find_site(field_string(json_object_get(finding, "culprit"), "use"),
		  stack_of(finding, used ? "this_use" : "forked"), out, size);
}
