/* SPDX-License-Identifier: MIT */
/*
 * See site.h.
 */
#include "report/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/own_code.h"
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

/* The package that an installed file belongs to: "gunicorn" of
 * "/usr/lib/python3/dist-packages/gunicorn/arbiter.py". */
static bool put_package(const char *file, char *out, size_t size)
{
	static const char *const parents[] = {"/dist-packages/", "/site-packages/", "/gems/"};

	for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
		const char *at = strstr(file, parents[i]);
		size_t len;

		if (at == NULL)
			continue;
		at += strlen(parents[i]);
		len = strcspn(at, "/");
		if (at[len] == '\0')
			return false;
		snprintf(out, size, "%.*s", (int)len, at);
		return true;
	}
	return false;
}

/* --- interpreters' frames ------------------------------------------------------------------ */

static bool is_own_file(const json_t *frame)
{
	const char *file = field_string(frame, "file");

	return file != NULL && own_code_is_file(file, strlen(file));
}

static bool is_launcher(const json_t *frame)
{
	const char *file = field_string(frame, "file");

	return file != NULL && own_code_is_launcher(file, strlen(file));
}

/* "<frozen importlib._bootstrap>" and such have no file. */
static bool has_file(const json_t *frame)
{
	const char *file = field_string(frame, "file");

	return file != NULL && file[0] == '/';
}

static bool is_of_package(const json_t *frame)
{
	const char *file = field_string(frame, "file");
	char package[SITE_FUNCTION_BYTES];

	return file != NULL && put_package(file, package, sizeof package);
}

static const json_t *find_interpreted(const json_t *stack, bool (*fits)(const json_t *frame))
{
	const json_t *frame;
	size_t i;

	json_array_foreach(stack, i, frame)
		if (!is_native(frame) && fits(frame))
			return frame;
	return NULL;
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

static bool find_in_interpreter(const json_t *stack, enum site_role role, const char *culprit,
				struct site *site)
{
	const json_t *frame = culprit != NULL ? find_culprit(stack, culprit) : NULL;

	if (culprit != NULL && frame == NULL) {
		set_culprit(site, culprit);
		site->own = true;
		return true;
	}
	if (frame == NULL)
		frame = find_interpreted(stack, is_own_file);
	/* The log names a package where the application has no frame. */
	site->own = frame != NULL && (is_own_file(frame) || is_launcher(frame));
	/* gunicorn's arbiter forks, not /usr/bin/gunicorn. */
	if (frame == NULL && role == SITE_FORKED)
		frame = find_interpreted(stack, is_of_package);
	if (frame == NULL)
		frame = find_interpreted(stack, is_launcher);
	if (frame == NULL)
		frame = find_interpreted(stack, has_file);
	if (frame == NULL)
		return false;
	copy_end(site->file, sizeof site->file, field_string(frame, "file"));
	copy(site->function, sizeof site->function, field_string(frame, "function"));
	site->line = field_integer(frame, "line");
	set_way_in(site, stack, frame);
	return true;
}

/* --- native frames ------------------------------------------------------------------------- */

static enum own_code_rank rank_of(const json_t *frame)
{
	const char *module = field_string(frame, "module");

	return module != NULL ? own_code_rank_of(module, strlen(module)) : OWN_CODE_MACHINERY;
}

static const char *name_of(const json_t *frame)
{
	const char *name = field_string(frame, "demangled");

	return name != NULL ? name : field_string(frame, "function");
}

/* Returns the innermost frame of that rank; only one with a name where `named`. */
static json_t *find_native(struct symbols *symbols, const json_t *stack, enum own_code_rank rank,
			   bool named)
{
	json_t *frame;
	size_t i;

	json_array_foreach(stack, i, frame) {
		if (!is_native(frame) || rank_of(frame) != rank)
			continue;
		annotate_frame(symbols, frame);
		if (!named || name_of(frame) != NULL)
			return frame;
	}
	return NULL;
}

/* True when the stack has a function that ends a process: libc's, or an interpreter's. */
static bool is_at_exit(const json_t *stack)
{
	static const char *const functions[] = {
		"exit",		 "__run_exit_handlers",	 "_dl_fini",	 "__cxa_finalize",
		"Py_FinalizeEx", "php_request_shutdown", "ruby_cleanup", "rb_ec_teardown",
		"perl_destruct", "Perl_sv_clean_all",
	};
	const json_t *frame;
	size_t i;

	json_array_foreach(stack, i, frame) {
		const char *function = field_string(frame, "function");

		if (is_native(frame) && function != NULL && IS_ONE_OF(function, functions))
			return true;
	}
	return false;
}

static const json_t *find_outermost_library(const json_t *stack)
{
	const json_t *found = NULL, *frame;
	size_t i;

	json_array_foreach(stack, i, frame)
		if (is_native(frame) && rank_of(frame) == OWN_CODE_LIBRARY)
			found = frame;
	return found;
}

static const json_t *find_at_exit(struct symbols *symbols, const json_t *stack)
{
	const json_t *frame = find_native(symbols, stack, OWN_CODE_LIBRARY, true);

	return frame != NULL ? frame : find_outermost_library(stack);
}

static void find_in_native(struct symbols *symbols, const json_t *stack, enum site_role role,
			   struct site *site)
{
	const json_t *frame = find_native(symbols, stack, OWN_CODE_MODULE, false);

	site->own = frame != NULL;
	site->at_exit = role == SITE_USED && is_at_exit(stack);
	if (frame == NULL && site->at_exit)
		frame = find_at_exit(symbols, stack);
	if (frame == NULL)
		frame = find_native(symbols, stack, OWN_CODE_PROGRAM, true);
	if (frame == NULL)
		frame = find_native(symbols, stack, OWN_CODE_LIBRARY, true);
	if (frame == NULL)
		frame = find_native(symbols, stack, OWN_CODE_PROGRAM, false);
	if (frame == NULL)
		frame = find_native(symbols, stack, OWN_CODE_LIBRARY, false);
	if (frame == NULL)
		frame = find_native(symbols, stack, OWN_CODE_INTERPRETER, false);
	if (frame == NULL)
		return;
	copy(site->module, sizeof site->module, basename(field_string(frame, "module")));
	if (field_string(frame, "file") != NULL) {
		copy_end(site->file, sizeof site->file, field_string(frame, "file"));
		site->line = field_integer(frame, "line");
	}
	copy(site->function, sizeof site->function, name_of(frame));
	if (site->function[0] == '\0')
		site->offset = (unsigned long long)field_integer(frame, "offset");
}

void site_find(struct symbols *symbols, const json_t *stack, enum site_role role,
	       const char *culprit, struct site *site)
{
	memset(site, 0, sizeof *site);
	if (find_in_interpreter(stack, role, culprit, site))
		return;
	find_in_native(symbols, stack, role, site);
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
	if (!site->own && put_package(file, package, sizeof package)) {
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
		file = basename(file);
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
