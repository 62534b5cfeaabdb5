/* SPDX-License-Identifier: MIT */
/*
 * See annotate.h.
 */
#include "symbols/annotate.h"

#include <string.h>

#include "log/record.h"
#include "symbols/demangle.h"
#include "symbols/symbols.h"

static json_t *string_or_null(const char *text)
{
	json_t *value = text != NULL ? json_string(text) : NULL;

	return value != NULL ? value : json_null();
}

static json_t *readable(const char *function)
{
	char text[DEMANGLE_BYTES];

	if (function != NULL && demangle(function, text))
		return string_or_null(text);
	return string_or_null(function);
}

static void set_place(json_t *frame, const struct symbol_place *place)
{
	if (place->file != NULL) {
		json_object_set_new(frame, "file", string_or_null(place->file));
		json_object_set_new(frame, "line", json_integer(place->line));
	}
	if (json_is_null(json_object_get(frame, "function")) && place->function != NULL)
		json_object_set_new(frame, "function", string_or_null(place->function));
}

void annotate_frame(struct symbols *symbols, json_t *frame)
{
	struct symbol_place places[SYMBOL_PLACES];
	const char *module = json_string_value(json_object_get(frame, "module"));
	const char *function;
	char text[DEMANGLE_BYTES];
	size_t count = 0;

	if (module != NULL && !json_is_string(json_object_get(frame, "file")))
		count = symbols_find(
			symbols, module, json_string_value(json_object_get(frame, "build_id")),
			(uint64_t)json_integer_value(json_object_get(frame, "offset")), places);
	if (count > 0)
		set_place(frame, &places[count - 1]);
	if (count > 1) {
		json_t *inlined = json_array();

		for (size_t i = 0; i < count - 1; i++)
			json_array_append_new(inlined,
					      json_pack("{s:o, s:o, s:i}", "function",
							readable(places[i].function), "file",
							string_or_null(places[i].file), "line",
							places[i].line));
		json_object_set_new(frame, "inlined", inlined);
	}
	function = json_string_value(json_object_get(frame, "function"));
	if (function != NULL && demangle(function, text))
		json_object_set_new(frame, "demangled", string_or_null(text));
}

void annotate_finding(struct symbols *symbols, json_t *finding)
{
	json_t *stacks = json_object_get(finding, "stacks");

	for (int i = 0; i < LOG_STACK_COUNT; i++) {
		json_t *frame;
		size_t k;

		json_array_foreach(json_object_get(stacks, log_stack_names[i]), k, frame)
			if (strcmp(json_string_value(json_object_get(frame, "language")),
				   "native") == 0)
				annotate_frame(symbols, frame);
	}
}
