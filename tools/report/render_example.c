/* SPDX-License-Identifier: MIT */
/*
 * See render_example.h.  The finding was checked when the line was read (log/record.h); a history's
 * entries were not, so a missing field shows as 0 or "?".
 */
#include "report/render_example.h"

#include <inttypes.h>
#include <string.h>

#include "common/names.h"
#include "base/escape.h"
#include "base/paragraph.h"
#include "base/plural.h"
#include "log/field.h"
#include "report/render_stack.h"

static void print_call(const json_t *operation, FILE *out)
{
	fputs(": ", out);
	escape_print(field_string(operation, "call"), out);
	fprintf(out, " of %lld byte%s", field_integer(operation, "bytes"),
		field_integer(operation, "bytes") == 1 ? "" : "s");
	if (field_string(operation, "message") != NULL) {
		fputs(" (", out);
		escape_print(field_string(operation, "message"), out);
		fputc(')', out);
	}
}

static void print_other(const json_t *other, FILE *out)
{
	fprintf(out, "process %lld (", field_integer(other, "pid"));
	escape_print(field_string(other, "comm"), out);
	fputs(", ", out);
	escape_print(field_string(other, "relation"), out);
	fputs(json_is_true(json_object_get(other, "alive")) ? ")" : ", not alive)", out);
}

static void print_stacks(const json_t *finding, bool every_frame, FILE *out)
{
	const json_t *connection = json_object_get(finding, "connection");
	const json_t *stacks = json_object_get(finding, "stacks");
	const json_t *other = json_object_get(finding, "other");
	const json_t *operation = json_object_get(finding, "operation");
	const json_t *culprit = json_object_get(finding, "culprit");
	const char *opened = field_string(culprit, "opened"), *use = field_string(culprit, "use");

	if (json_is_true(json_object_get(connection, "open_before"))) {
		fprintf(out, "    opened before the watch began, held then by process %lld\n",
			field_integer(connection, "opened_by"));
	} else {
		fprintf(out, "    opened by process %lld at ",
			field_integer(connection, "opened_by"));
		escape_print(field_string(connection, "opened_at"), out);
		fputc('\n', out);
	}
	render_stack(json_object_get(stacks, "opened"), opened, every_frame, out);
	fputs("    forked\n", out);
	render_stack(json_object_get(stacks, "forked"), NULL, every_frame, out);
	if (json_is_object(other)) {
		bool used = json_array_size(json_object_get(stacks, "other_use")) > 0;

		fputs(used ? "    other use, by " : "    other: ", out);
		print_other(other, out);
		fputc('\n', out);
		if (used)
			render_stack(json_object_get(stacks, "other_use"), NULL, every_frame, out);
	}
	fprintf(out, "    %s process %lld (", json_is_object(operation) ? "this use, by" : "this:",
		field_integer(finding, "pid"));
	escape_print(field_string(finding, "comm"), out);
	fputc(')', out);
	if (json_is_object(operation))
		print_call(operation, out);
	fputc('\n', out);
	if (json_is_object(operation))
		render_stack(json_object_get(stacks, "this_use"), use, every_frame, out);
}

/* Prints "-12.345 ms" before the newest operation, in a column; nothing where the log has no times.
 */
static void print_distance(const json_t *entry, const json_t *newest, FILE *out)
{
	long long now = field_integer(newest, "monotonic_ns"),
		  then = field_integer(entry, "monotonic_ns");
	char text[48];

	if (then <= 0 || now < then)
		return;
	snprintf(text, sizeof text, "%c%lld.%03lld ms", now - then >= 1000 ? '-' : ' ',
		 (now - then) / 1000000, (now - then) / 1000 % 1000);
	fprintf(out, "%-14s ", text);
}

/* Prints the history; the types of an entry's fields were not checked. */
static void print_history(const json_t *history, FILE *out)
{
	size_t count = json_array_size(history);
	const json_t *newest = json_array_get(history, count - 1);

	if (count == 0)
		return;
	fprintf(out, "    last operations (%zu)\n", count);
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(history, i);

		fputs("      ", out);
		print_distance(entry, newest, out);
		fprintf(out, "%lld ", field_integer(entry, "pid"));
		escape_print(field_string(entry, "call"), out);
		fprintf(out, " %lld", field_integer(entry, "bytes"));
		if (field_string(entry, "message") != NULL) {
			fputc(' ', out);
			escape_print(field_string(entry, "message"), out);
		}
		if (field_string(entry, "payload") != NULL) {
			fputs(": ", out);
			escape_print(field_string(entry, "payload"), out);
		}
		fputc('\n', out);
	}
}

/* Prints that the finding stands for further ones.  The reason of a later version is not known
 * here. */
static void print_merged(const char *merged, FILE *out)
{
	if (merged == NULL)
		return;
	if (strcmp(merged, "places") == 0)
		paragraph_print("note", "stands for every further place that uses this connection",
				out);
	else if (strcmp(merged, "processes") == 0)
		paragraph_print(
			"note",
			"stands for every further process that does this to this connection", out);
	else if (strcmp(merged, "connections") == 0)
		paragraph_print("note", "stands for every further connection from this place", out);
	else if (strcmp(merged, "sites") == 0)
		paragraph_print(
			"note",
			"stands for all else of this kind with these opening and fork sites", out);
}

/* See render_example.h. */
void render_example(const struct bug *bug, enum kind kind, const json_t *finding, bool every_frame,
		    FILE *out)
{
	const json_t *connection = json_object_get(finding, "connection");
	const char *local = field_string(connection, "local");
	const char *certainty = field_string(finding, "certainty");

	fprintf(out, "   --- %s (%s), seen %" PRIu64 " time%s\n", kind_name(kind),
		level_name(kind_level(kind)), bug->kinds[kind].times,
		plural(bug->kinds[kind].times));
	paragraph_print("why", field_string(finding, "text"), out);
	if (certainty != NULL && strcmp(certainty, "likely") == 0)
		paragraph_print("", "(likely, not proven)", out);
	print_merged(field_string(finding, "merged"), out);
	fprintf(out, "   %-*sfd %lld, local ", PARAGRAPH_INDENT - 3, "example",
		field_integer(connection, "fd"));
	escape_print(local != NULL ? local : "unnamed", out);
	if (field_string(connection, "server_name") != NULL) {
		fputs(", TLS to ", out);
		escape_print(field_string(connection, "server_name"), out);
	}
	fputs(", socket ", out);
	escape_print(field_string(connection, "id"), out);
	fputc('\n', out);
	print_stacks(finding, every_frame, out);
	print_history(json_object_get(finding, "history"), out);
}
