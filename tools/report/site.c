/* SPDX-License-Identifier: MIT */
/*
 * See site.h.
 */
#include "report/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/own_code.h"
#include "common/site_rule.h"
#include "log/field.h"
#include "symbols/annotate.h"

static bool is_native(const json_t *frame)
{
	return strcmp(field_string(frame, "language"), "native") == 0;
}

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

#define IS_ONE_OF(text, words) is_one_of(text, words, sizeof(words) / sizeof((words)[0]))

/* --- paths --------------------------------------------------------------------------------- */

/* The part of an installed file's path from the package on: "gunicorn/arbiter.py"; NULL: the file
 * belongs to no package. */
static const char *below_packages(const char *file)
{
	static const char *const parents[] = {
		"/dist-packages/", "/site-packages/", "/gems/", "/vendor_ruby/", "/perl5/",
	};

	for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
		const char *at = strstr(file, parents[i]);

		if (at != NULL)
			return at + strlen(parents[i]);
	}
	return NULL;
}

/* The package that an installed file belongs to: "gunicorn" of
 * "/usr/lib/python3/dist-packages/gunicorn/arbiter.py". */
static bool put_package(const char *file, char *out, size_t size)
{
	const char *at = below_packages(file);
	size_t len = at != NULL ? strcspn(at, "/") : 0;

	if (at == NULL || at[len] == '\0')
		return false;
	snprintf(out, size, "%.*s", (int)len, at);
	return true;
}

/* --- interpreters' frames ------------------------------------------------------------------ */

static bool is_own_file(const json_t *frame)
{
	const char *file = field_string(frame, "file");

	return file != NULL && own_code_is_file(file, strlen(file));
}

/* Returns the frame at "FILE:LINE"; NULL: none is. */
static const json_t *find_culprit(const json_t *stack, const char *culprit)
{
	const char *colon = strrchr(culprit, ':');
	const json_t *frame;
	size_t i;

	json_array_foreach(stack, i, frame) {
		const char *file = field_string(frame, "file");

		if (!is_native(frame) && file != NULL && colon != NULL &&
		    strlen(file) == (size_t)(colon - culprit) &&
		    memcmp(file, culprit, strlen(file)) == 0 &&
		    strtoll(colon + 1, NULL, 10) == field_integer(frame, "line"))
			return frame;
	}
	return NULL;
}

static void copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text != NULL ? text : "");
}

/* Copies a file's path; a long path loses the beginning, which tells less than the end. */
static void copy_end(char *out, size_t size, const char *text)
{
	size_t len = strlen(text);

	copy(out, size, len < size ? text : text + (len - size + 1));
}

static void set_culprit(struct site *site, const char *culprit)
{
	const char *colon = strrchr(culprit, ':');

	if (colon == NULL) {
		copy_end(site->file, sizeof site->file, culprit);
		return;
	}
	snprintf(site->file, sizeof site->file, "%.*s", (int)(colon - culprit), culprit);
	site->line = strtoll(colon + 1, NULL, 10);
}

/* True for Python's loader, Ruby's and Perl's require. */
static bool loads_a_module(const json_t *frame)
{
	static const char *const functions[] = {"require", "require_relative", "load", "BEGIN"};
	const char *file = field_string(frame, "file"), *function = field_string(frame, "function");

	return (file != NULL && strncmp(file, "<frozen importlib", 17) == 0) ||
	       (function != NULL && IS_ONE_OF(function, functions));
}

/* Sets way_in to the next own file outward of `inner`, and at_import when a frame outward was
 * loading a module. */
static void set_way_in(struct site *site, const json_t *stack, const json_t *inner)
{
	const json_t *frame;
	bool outward = false;
	size_t i;

	json_array_foreach(stack, i, frame) {
		if (frame == inner) {
			outward = true;
			continue;
		}
		if (!outward || is_native(frame))
			continue;
		site->at_import = site->at_import || loads_a_module(frame);
		if (site->way_in[0] == '\0' && is_own_file(frame) &&
		    strcmp(field_string(frame, "file"), site->file) != 0)
			snprintf(site->way_in, sizeof site->way_in, "%s:%lld",
				 field_string(frame, "file"), field_integer(frame, "line"));
	}
}

static const char *name_of(const json_t *frame)
{
	const char *name = field_string(frame, "demangled");

	return name != NULL ? name : field_string(frame, "function");
}

/* Notes where the innermost of the libraries is that lie between the site and the call. */
static void set_innermost(struct site *site, const json_t *stack, const json_t *frame)
{
	const json_t *innermost = json_array_get(stack, 0);
	const char *file = field_string(innermost, "file"), *below;

	if (site->own || site->forks || innermost == frame || file == NULL)
		return;
	below = below_packages(file);
	snprintf(site->innermost, sizeof site->innermost, "%s:%lld",
		 below != NULL ? below : basename(file), field_integer(innermost, "line"));
}

static void set_interpreted(struct site *site, const json_t *stack, const json_t *frame)
{
	const char *file = field_string(frame, "file");

	copy_end(site->file, sizeof site->file, file != NULL ? file : "");
	copy(site->function, sizeof site->function, field_string(frame, "function"));
	site->line = field_integer(frame, "line");
	set_way_in(site, stack, frame);
	set_innermost(site, stack, frame);
}

static void set_native(struct site *site, const json_t *frame)
{
	copy(site->module, sizeof site->module, basename(field_string(frame, "module")));
	if (field_string(frame, "file") != NULL) {
		copy_end(site->file, sizeof site->file, field_string(frame, "file"));
		site->line = field_integer(frame, "line");
	}
	copy(site->function, sizeof site->function, name_of(frame));
	if (site->function[0] == '\0')
		site->offset = (unsigned long long)field_integer(frame, "offset");
}

/* --- the rule ------------------------------------------------------------------------------ */

/* True when the stack has a function that ends a process: libc's, or an interpreter's. */
static bool is_at_exit(const json_t *stack)
{
	const json_t *frame;
	size_t i;

	json_array_foreach(stack, i, frame) {
		const char *function = field_string(frame, "function");

		if (is_native(frame) && function != NULL && site_rule_ends_process(function))
			return true;
	}
	return false;
}

static void add_native(struct symbols *symbols, struct site_rule *rule, size_t index, json_t *frame)
{
	const char *module = field_string(frame, "module");
	size_t len = module != NULL ? strlen(module) : 0;
	const char *name = NULL;

	if (site_rule_wants_name(rule, module, len)) {
		annotate_frame(symbols, frame);
		name = name_of(frame);
	}
	site_rule_add_native(rule, (uint32_t)index, module, len, name);
}

static void add_frames(struct symbols *symbols, const json_t *stack, struct site_rule *rule)
{
	json_t *frame;
	size_t i;

	site_rule_begin(rule);
	json_array_foreach(stack, i, frame) {
		const char *file = field_string(frame, "file");

		if (!is_native(frame))
			site_rule_add(rule, (uint32_t)i, file, file != NULL ? strlen(file) : 0);
		else if (rule->found[SITE_INTERPRETED] == SITE_NONE)
			add_native(symbols, rule, i, frame);
	}
}

void site_find(struct symbols *symbols, const json_t *stack, enum site_role role,
	       const char *culprit, struct site *site)
{
	const json_t *named = culprit != NULL ? find_culprit(stack, culprit) : NULL;
	struct site_rule rule;
	uint32_t index;
	json_t *frame;

	memset(site, 0, sizeof *site);
	site->forks = role == SITE_FORKED;
	if (culprit != NULL && named == NULL && strchr(culprit, ':') != NULL) {
		set_culprit(site, culprit);
		site->own = true;
		return;
	}
	add_frames(symbols, stack, &rule);
	site->at_exit =
		role == SITE_USED && rule.found[SITE_INTERPRETED] == SITE_NONE && is_at_exit(stack);
	index = site_rule_choose(&rule, site->forks, site->at_exit);
	site->own = site_rule_is_own(&rule, index);
	frame = json_array_get(stack, index);
	if (named != NULL) {
		site->own = is_own_file(named) || site->own;
		set_interpreted(site, stack, named);
	} else if (frame != NULL && is_native(frame)) {
		annotate_frame(symbols, frame);
		set_native(site, frame);
	} else if (frame != NULL) {
		set_interpreted(site, stack, frame);
	}
}

/* --- as text ------------------------------------------------------------------------------- */

static void put_place(const struct site *site, const char *below, char *out, size_t size)
{
	size_t below_len = below != NULL ? strlen(below) : 0;
	const char *file = site->file;
	char package[SITE_FUNCTION_BYTES];

	if (site->file[0] == '\0' && site->module[0] == '\0') {
		snprintf(out, size, "unknown place");
		return;
	}
	if (site->forks && !site->own && put_package(file, package, sizeof package)) {
		snprintf(out, size, "%s %s", package, site->function);
		return;
	}
	if (site->file[0] == '\0') {
		if (site->function[0] != '\0')
			snprintf(out, size, "%s (%s)", site->function, site->module);
		else if (site->at_exit)
			snprintf(out, size, "%s", site->module);
		else
			snprintf(out, size, "%s+0x%llx", site->module, site->offset);
		return;
	}
	if (below_len > 0 && strncmp(file, below, below_len) == 0 && file[below_len] == '/')
		file += below_len + 1;
	else if (!site->own)
		file = below_packages(file) != NULL ? below_packages(file) : basename(file);
	snprintf(out, size, "%s:%lld%s%s", file, site->line, site->function[0] != '\0' ? " " : "",
		 site->function);
}

void site_text(const struct site *site, const char *below, char *out, size_t size)
{
	static const char at_exit[] = "at exit, in ";
	size_t len = site->at_exit ? sizeof at_exit - 1 : 0;

	snprintf(out, size, "%s", site->at_exit ? at_exit : "");
	put_place(site, below, out + len, size - len);
}
