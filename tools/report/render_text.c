/* SPDX-License-Identifier: MIT */
/*
 * A report as text: for each group one headline, the two lines of code, who and when, one example
 * with its stacks, and what to do.
 *
 * The examples were checked when they were read (log/record.h), so the types hold here.  Every
 * foreign string goes through escape.h.
 */
#include "report/render.h"

#include <inttypes.h>
#include <string.h>

#include "base/cli.h"
#include "base/escape.h"
#include "log/counters.h"
#include "log/field.h"
#include "log/site.h"
#include "log/verdict.h"
#include "symbols/annotate.h"
#include "symbols/symbols.h"
#include "report/advice.h"
#include "report/collect.h"
#include "report/render_stack.h"
#include "common/names.h"

#define HISTORY_SHOWN 8

/* "NAME: text" for a line of a group's head. */
static void print_field(const char *name, const char *text, FILE *out)
{
	fprintf(out, "  %-8s ", name);
	escape_print(text, out);
	fputc('\n', out);
}

static void print_pids(const struct group *group, FILE *out)
{
	fprintf(out, "  %-8s", "pids");
	for (size_t i = 0; i < group->pid_count; i++)
		fprintf(out, " %" PRId64, group->pids[i]);
	fputs(group->more_pids ? " and more\n" : "\n", out);
}

/* The sites: as they stand in the group, or better, with what is known of the example's frames. */
static void print_sites(const struct group *group, const json_t *example, FILE *out)
{
	char opened[GROUP_SITE_BYTES], used[GROUP_SITE_BYTES];

	if (example != NULL) {
		site_opened(example, opened, sizeof opened);
		site_used(example, used, sizeof used);
	}
	print_field("opened", example != NULL ? opened : group->opened_site, out);
	print_field(group->kind == KIND_OPEN_AT_FORK ? "forked" : "used",
		    example != NULL ? used : group->use_site, out);
}

static void print_head(const struct group *group, size_t number, const json_t *example, FILE *out)
{
	fprintf(out, "%zu. %s (%s): ", number, kind_name(group->kind),
		level_name(kind_level(group->kind)));
	escape_print(group->protocol, out);
	fputc(' ', out);
	escape_print(group->peer, out);
	fprintf(out, "%s, seen %" PRIu64 " time%s\n", group->more_peers ? " and others" : "",
		group->count, group->count == 1 ? "" : "s");
	print_sites(group, example, out);
	print_pids(group, out);
	if (strcmp(group->first, group->last) == 0)
		print_field("at", group->first, out);
	else
		fprintf(out, "  %-8s %s to %s\n", "from", group->first, group->last);
}

static void print_operation(const json_t *operation, FILE *out)
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

	fprintf(out, "    opened by process %lld at ", field_integer(connection, "opened_by"));
	escape_print(field_string(connection, "opened_at"), out);
	fputc('\n', out);
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
		print_operation(operation, out);
	fputc('\n', out);
	if (json_is_object(operation))
		render_stack(json_object_get(stacks, "this_use"), use, every_frame, out);
}

/* "-12.345 ms" before the newest operation, in a column; where the log has no times, nothing. */
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

/* The newest operations; an entry's own types were not checked, missing ones show as 0 or "?". */
static void print_history(const json_t *history, FILE *out)
{
	size_t count = json_array_size(history);
	size_t start = count > HISTORY_SHOWN ? count - HISTORY_SHOWN : 0;
	const json_t *newest = json_array_get(history, count - 1);

	if (count == 0)
		return;
	fprintf(out, "    last operations (%zu of %zu)\n", count - start, count);
	for (size_t i = start; i < count; i++) {
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

/* A finding that stands for more than it shows; a later version's reason is not known. */
static void print_merged(const char *merged, FILE *out)
{
	if (merged == NULL)
		return;
	if (strcmp(merged, "places") == 0)
		print_field("note", "stands for every further place that uses this connection",
			    out);
	else if (strcmp(merged, "processes") == 0)
		print_field("note",
			    "stands for every further process that does this to this connection",
			    out);
	else if (strcmp(merged, "connections") == 0)
		print_field("note", "stands for every further connection from this place", out);
}

static void print_example(const json_t *finding, bool every_frame, FILE *out)
{
	const json_t *connection = json_object_get(finding, "connection");
	const char *local = field_string(connection, "local");
	struct advice advice[ADVICE_MAX];
	size_t advice_count = advice_find(finding, advice);

	fprintf(out, "  %-8s ", "why");
	escape_print(field_string(finding, "text"), out);
	/* Older logs do not say; then nothing is claimed. */
	if (field_string(finding, "certainty") != NULL &&
	    strcmp(field_string(finding, "certainty"), "likely") == 0)
		fputs(" (likely, not proven)", out);
	fputc('\n', out);
	print_merged(field_string(finding, "merged"), out);
	for (size_t i = 0; i < advice_count; i++)
		fprintf(out, "  advice   %s: %s\n", advice[i].name, advice[i].text);
	fprintf(out, "  example  fd %lld, local ", field_integer(connection, "fd"));
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

void render_findings(const struct report *report, bool every_frame, FILE *out)
{
	struct symbols *symbols = symbols_new();

	if (symbols == NULL)
		cli_no_memory();
	groups_sort(report->groups);
	for (size_t i = 0; i < groups_count(report->groups); i++) {
		const struct group *group = groups_at(report->groups, i);
		json_t *example = NULL;

		if (group->example != NULL)
			example = json_loadb(group->example, group->example_len_bytes, 0, NULL);
		if (example != NULL)
			annotate_finding(symbols, example);
		print_head(group, i + 1, example, out);
		if (example != NULL)
			print_example(example, every_frame, out);
		json_decref(example);
		fputc('\n', out);
	}
	symbols_free(symbols);
}

void render_totals(const struct report *report, FILE *out)
{
	uint64_t counters[COUNTER_COUNT];
	size_t sessions = sessions_count(report->sessions);
	size_t unsummed = sessions_without_summary(report->sessions);
	uint64_t ungrouped = groups_ungrouped(report->groups), found[LEVEL_COUNT];
	struct completeness complete;

	fprintf(out, "%" PRIu64 " line%s, %zu session%s%s\n", report->lines,
		report->lines == 1 ? "" : "s", sessions, sessions == 1 ? "" : "s",
		sessions_were_too_many(report->sessions) ? " and more" : "");
	fputs("seen at least, repeats included:", out);
	for (int level = LEVEL_COUNT - 1; level >= 0; level--) {
		uint64_t total = groups_total(report->groups, (enum level)level);

		fprintf(out, " %" PRIu64 " %s%s%s", total, level_name(level), total == 1 ? "" : "s",
			level > 0 ? "," : "\n");
	}
	if (ungrouped > 0)
		fprintf(out, "not shown: %" PRIu64 " of them, beyond %d groups\n", ungrouped,
			GROUP_MAX);
	if (report->broken_lines > 0)
		fprintf(out, "broken lines: %" PRIu64 "\n", report->broken_lines);
	if (report->unknown_records > 0)
		fprintf(out, "records that this version does not know: %" PRIu64 "\n",
			report->unknown_records);
	if (sessions > unsummed) {
		fputs("the sessions' own count, repeats apart:\n", out);
		sessions_sum(report->sessions, counters);
		counters_print(counters, "  ", out);
	}
	if (report->blind_spots.count > 0) {
		fputs("first not seen, by process:\n", out);
		blind_spots_print(&report->blind_spots, "  ", out);
	}
	if (unsummed > 0)
		fprintf(out,
			"%zu session%s without a summary: still running, or killed, or a part of "
			"the log is missing\n",
			unsummed, unsummed == 1 ? "" : "s");
	for (int level = 0; level < LEVEL_COUNT; level++)
		found[level] = groups_total(report->groups, (enum level)level);
	report_complete(report, &complete);
	verdict_print(found, &complete, "", out);
	complete_print(&complete, "", out);
}
