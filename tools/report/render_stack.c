/* SPDX-License-Identifier: MIT */
/*
 * See render_stack.h.
 */
#include "report/render_stack.h"

#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "log/field.h"

#define SHOWN_INTERPRETED 24
#define SHOWN_NATIVE 16

static void print_source(const json_t *place, FILE *out)
{
	const char *file = field_string(place, "file");
	json_int_t line = json_integer_value(json_object_get(place, "line"));

	if (file == NULL)
		return;
	fputs(" at ", out);
	escape_print(file, out);
	if (line > 0)
		fprintf(out, ":%lld", (long long)line);
}

static void print_inlined(const json_t *frame, FILE *out)
{
	const json_t *place;
	size_t i;

	json_array_foreach(json_object_get(frame, "inlined"), i, place) {
		fputs("         ", out);
		escape_print(field_string(place, "function"), out);
		print_source(place, out);
		fputs(" (inlined)\n", out);
	}
}

static void print_native(const json_t *frame, FILE *out)
{
	const char *name = field_string(frame, "demangled");
	const char *module = field_string(frame, "module");
	unsigned long long offset =
		(unsigned long long)json_integer_value(json_object_get(frame, "offset"));

	if (name == NULL)
		name = field_string(frame, "function");
	print_inlined(frame, out);
	fputs("         ", out);
	escape_print(name, out);
	print_source(frame, out);
	if (module == NULL) {
		fprintf(out, " (0x%llx)\n", offset);
		return;
	}
	fputs(" (", out);
	escape_print(basename(module), out);
	if (name == NULL || field_string(frame, "file") == NULL)
		fprintf(out, "+0x%llx", offset);
	fputs(")\n", out);
}

static bool is_culprit(const json_t *frame, const char *culprit)
{
	const char *file = field_string(frame, "file");
	size_t len = file != NULL ? strlen(file) : 0;

	return len > 0 && culprit != NULL && strncmp(culprit, file, len) == 0 &&
	       culprit[len] == ':' &&
	       strtoll(culprit + len + 1, NULL, 10) ==
		       json_integer_value(json_object_get(frame, "line"));
}

static void print_interpreted(const json_t *frame, const char *culprit, FILE *out)
{
	fputs(is_culprit(frame, culprit) ? "   => " : "      ", out);
	escape_print(field_string(frame, "function"), out);
	print_source(frame, out);
	fputc('\n', out);
}

static void print_hidden(size_t count, const char *what, FILE *out)
{
	if (count > 0)
		fprintf(out, "         ... %zu more %sframe%s (--verbose)\n", count, what,
			count == 1 ? "" : "s");
}

/* True for a native frame that a reader of the interpreter's frames need not see: the interpreter's
 * own code, the program's start, and a frame without a name. */
static bool says_nothing(const json_t *frame)
{
	static const char *const beginnings[] = {
		"python", "libpython", "ruby",	"libruby", "perl",     "libperl",
		"php",	  "libphp",    "uwsgi", "libc.so", "ld-linux", "ld-musl",
	};
	const char *module = field_string(frame, "module");

	if (module == NULL || field_string(frame, "function") == NULL)
		return true;
	module = basename(module);
	for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
		if (strncmp(module, beginnings[i], strlen(beginnings[i])) == 0)
			return true;
	return false;
}

void render_stack(const json_t *stack, const char *culprit, bool every_frame, FILE *out)
{
	size_t interpreted = 0, native = 0, hidden = 0, native_hidden = 0, i;
	const json_t *frame;

	json_array_foreach(stack, i, frame) {
		if (strcmp(field_string(frame, "language"), "native") == 0)
			continue;
		if (every_frame || ++interpreted <= SHOWN_INTERPRETED)
			print_interpreted(frame, culprit, out);
		else
			hidden++;
	}
	print_hidden(hidden, "", out);
	json_array_foreach(stack, i, frame) {
		if (strcmp(field_string(frame, "language"), "native") != 0)
			continue;
		if (every_frame ||
		    (native < SHOWN_NATIVE && (interpreted == 0 || !says_nothing(frame)))) {
			print_native(frame, out);
			native++;
		} else {
			native_hidden++;
		}
	}
	print_hidden(native_hidden, "native ", out);
	if (json_array_size(stack) == 0)
		fputs("      (no stack)\n", out);
}
