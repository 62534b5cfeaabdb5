/* SPDX-License-Identifier: MIT */
/*
 * See fleet.h.  The names are hostile: sentence_print() escapes them.
 */
#include "report/fleet.h"

#include "base/paragraph.h"

#define FLEET_NAMES 20 /* that are kept of each list */

static json_t *take_names(const json_t *names)
{
	json_t *taken = json_array();

	for (size_t i = 0; i < json_array_size(names) && i < FLEET_NAMES; i++)
		if (json_is_string(json_array_get(names, i)))
			json_array_append(taken, json_array_get(names, i));
	return taken;
}

static json_t *take_time(const json_t *time)
{
	return json_string(json_is_string(time) ? json_string_value(time) : "?");
}

json_t *fleet_take(const json_t *finding)
{
	const json_t *fleet = json_object_get(finding, "fleet");

	if (!json_is_object(fleet))
		return NULL;
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "hosts",
			 json_integer_value(json_object_get(fleet, "hosts")), "host_names",
			 take_names(json_object_get(fleet, "host_names")), "services",
			 take_names(json_object_get(fleet, "services")), "versions",
			 take_names(json_object_get(fleet, "versions")), "first",
			 take_time(json_object_get(fleet, "first")), "last",
			 take_time(json_object_get(fleet, "last")));
}

/* Prints at most `room` of the strings of an array, and that there are more. */
static void put_names(const json_t *names, size_t room, FILE *out)
{
	size_t count = json_array_size(names);

	for (size_t i = 0; i < count && i < room; i++) {
		const char *name = json_string_value(json_array_get(names, i));

		fprintf(out, "%s%s", i > 0 ? ", " : "",
			name == NULL || name[0] == '\0' ? "(no name)" : name);
	}
	if (count > room)
		fputs(", ...", out);
}

/* Cuts the time to the minute: "2026-11-24T08:46". */
static void put_minute(const json_t *fleet, const char *name, FILE *out)
{
	const char *time = json_string_value(json_object_get(fleet, name));

	fprintf(out, "%.16s", time != NULL ? time : "?");
}

void fleet_print(const json_t *fleet, FILE *out)
{
	json_int_t hosts = json_integer_value(json_object_get(fleet, "hosts"));
	struct sentence line;

	sentence_begin(&line);
	fprintf(line.out, "%" JSON_INTEGER_FORMAT " host%s: ", hosts, hosts == 1 ? "" : "s");
	put_names(json_object_get(fleet, "host_names"), 5, line.out);
	sentence_print(&line, "hosts", out);
	sentence_begin(&line);
	put_names(json_object_get(fleet, "services"), 5, line.out);
	fputs("; versions, by their first sight: ", line.out);
	put_names(json_object_get(fleet, "versions"), 5, line.out);
	sentence_print(&line, "services", out);
	sentence_begin(&line);
	put_minute(fleet, "first", line.out);
	fputs(" first, ", line.out);
	put_minute(fleet, "last", line.out);
	fputs(" last", line.out);
	sentence_print(&line, "seen", out);
}
