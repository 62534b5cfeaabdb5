/* SPDX-License-Identifier: MIT */
/*
 * See blind_spots.h.
 */
#include "log/blind_spots.h"

#include <inttypes.h>

#include "base/cli.h"
#include "base/escape.h"
#include "log/field.h"

void blind_spots_add(struct blind_spots *spots, const struct log_record *record)
{
	json_t *spot;

	if (spots->count == BLIND_SPOTS_KEPT) {
		spots->more++;
		return;
	}
	spot = json_pack("{s:I, s:s, s:s, s:s, s:I, s:s}", "pid", (json_int_t)record->pid, "comm",
			 record->comm, "time", record->time, "counter", record->counter, "times",
			 (json_int_t)record->times, "text", record->text);
	if (spot == NULL)
		cli_no_memory();
	spots->kept[spots->count++] = spot;
}

void blind_spots_clear(struct blind_spots *spots)
{
	for (size_t i = 0; i < spots->count; i++)
		json_decref(spots->kept[i]);
	spots->count = 0;
}

void blind_spots_print(const struct blind_spots *spots, const char *indent, FILE *out)
{
	for (size_t i = 0; i < spots->count; i++) {
		const json_t *spot = spots->kept[i];
		json_int_t times = json_integer_value(json_object_get(spot, "times"));

		fprintf(out, "%s%" JSON_INTEGER_FORMAT " (", indent,
			json_integer_value(json_object_get(spot, "pid")));
		escape_print(field_string(spot, "comm"), out);
		fprintf(out, ") at %s: ", field_string(spot, "time"));
		escape_print(field_string(spot, "text"), out);
		if (times > 1)
			fprintf(out, ", time %" JSON_INTEGER_FORMAT " in its session", times);
		fputc('\n', out);
	}
	if (spots->more > 0)
		fprintf(out, "%sand %" PRIu64 " more\n", indent, spots->more);
}

json_t *blind_spots_json(const struct blind_spots *spots)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < spots->count; i++)
		json_array_append(array, spots->kept[i]);
	return array;
}
