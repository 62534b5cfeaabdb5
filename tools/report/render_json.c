/* SPDX-License-Identifier: MIT */
/*
 * A report as one JSON object, for other programs.  docs/log.md describes it.
 */
#include <jansson.h>

#include "base/cli.h"
#include "log/counters.h"
#include "log/site.h"
#include "symbols/annotate.h"
#include "symbols/symbols.h"
#include "report/advice.h"
#include "report/collect.h"
#include "report/render.h"
#include "common/names.h"

#define REPORT_VERSION 1

/* jansson's own checks make a failed value NULL, and a NULL member fails the whole: one test at the
 * end of each function is enough. */
static json_t *checked(json_t *value)
{
	if (value == NULL)
		cli_no_memory();
	return value;
}

static json_t *counters_object(const struct report *report)
{
	uint64_t counters[COUNTER_COUNT];
	json_t *object = checked(json_object());

	sessions_sum(report->sessions, counters);
	for (int i = 0; i < COUNTER_COUNT; i++)
		json_object_set_new(object, counter_name(i),
				    checked(json_integer((json_int_t)counters[i])));
	return object;
}

static json_t *pids_array(const struct group *group)
{
	json_t *pids = checked(json_array());

	for (size_t i = 0; i < group->pid_count; i++)
		json_array_append_new(pids, checked(json_integer(group->pids[i])));
	return pids;
}

static json_t *advice_array(const json_t *finding)
{
	struct advice advice[ADVICE_MAX];
	size_t count = finding != NULL ? advice_find(finding, advice) : 0;
	json_t *array = checked(json_array());

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, checked(json_pack("{s:s, s:s}", "for", advice[i].name,
							       "text", advice[i].text)));
	return array;
}

/* A site may have been cut within a character, which JSON cannot hold. */
static json_t *text_value(const char *text)
{
	json_t *value = json_string(text);

	return value != NULL ? value : checked(json_string_nocheck("?"));
}

static json_t *group_object(const struct group *group, struct symbols *symbols)
{
	char opened[GROUP_SITE_BYTES], used[GROUP_SITE_BYTES];
	json_t *example = NULL;
	json_t *object;

	if (group->example != NULL)
		example = json_loadb(group->example, group->example_len_bytes, 0, NULL);
	if (example != NULL) {
		annotate_finding(symbols, example);
		/* As in the text: with what is known of the example's frames. */
		site_opened(example, opened, sizeof opened);
		site_used(example, used, sizeof used);
	}
	object = json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:s, s:s, s:b, s:o, s:b, s:s, s:s, s:o}",
			   "kind", kind_name(group->kind), "level",
			   level_name(kind_level(group->kind)), "count", (json_int_t)group->count,
			   "findings", (json_int_t)group->finding_count, "opened",
			   text_value(example != NULL ? opened : group->opened_site), "use",
			   text_value(example != NULL ? used : group->use_site), "protocol",
			   group->protocol, "peer", group->peer, "more_peers", group->more_peers,
			   "pids", pids_array(group), "more_pids", group->more_pids, "first",
			   group->first, "last", group->last, "advice", advice_array(example));
	json_object_set_new(checked(object), "example", example != NULL ? example : json_null());
	return object;
}

void render_json(const struct report *report, FILE *out)
{
	struct symbols *symbols = symbols_new();
	struct completeness complete;
	json_t *groups = checked(json_array());
	json_t *object;

	if (symbols == NULL)
		cli_no_memory();
	groups_sort(report->groups);
	for (size_t i = 0; i < groups_count(report->groups); i++)
		json_array_append_new(groups, group_object(groups_at(report->groups, i), symbols));
	report_complete(report, &complete);
	object = json_pack(
		"{s:i, s:b, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I}, s:I, s:o, s:o, "
		"s:o}",
		"report", REPORT_VERSION, "complete", complete.count == 0, "incomplete",
		checked(complete_json(&complete)), "forksan", FORKSAN_VERSION, "lines",
		(json_int_t)report->lines, "broken_lines", (json_int_t)report->broken_lines,
		"unknown_records", (json_int_t)report->unknown_records, "sessions",
		(json_int_t)sessions_count(report->sessions), "sessions_without_summary",
		(json_int_t)sessions_without_summary(report->sessions), "seen",
		level_name(LEVEL_NOTICE), (json_int_t)groups_total(report->groups, LEVEL_NOTICE),
		level_name(LEVEL_HAZARD), (json_int_t)groups_total(report->groups, LEVEL_HAZARD),
		level_name(LEVEL_VIOLATION),
		(json_int_t)groups_total(report->groups, LEVEL_VIOLATION), "ungrouped",
		(json_int_t)groups_ungrouped(report->groups), "counters", counters_object(report),
		"blind", checked(blind_spots_json(&report->blind_spots)), "groups", groups);
	json_dumpf(checked(object), out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(object);
	symbols_free(symbols);
}
