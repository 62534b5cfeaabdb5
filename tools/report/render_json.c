/* SPDX-License-Identifier: MIT */
/*
 * A report as one JSON object, for other programs.  docs/log.md describes it.
 */
#include <inttypes.h>
#include <jansson.h>

#include "base/cli.h"
#include "log/field.h"
#include "report/advice.h"
#include "report/collect.h"
#include "report/example.h"
#include "report/render.h"
#include "base/server_query.h"
#include "common/names.h"

#define REPORT_VERSION 2

/* jansson's own checks make a failed value NULL, and a NULL member fails the whole object: one test
 * at the end of each function is enough. */
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

static json_t *advice_array(const json_t *finding)
{
	struct advice advice[ADVICE_MAX];
	size_t count = finding != NULL ? advice_find(finding, advice) : 0;
	json_t *array = checked(json_array());

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			array, checked(json_pack("{s:s, s:s, s:s}", "for", advice[i].name, "text",
						 advice[i].text, "source", advice[i].source)));
	return array;
}

/* A site may have been cut within a character, which JSON cannot hold. */
static json_t *text_value(const char *text)
{
	json_t *value = json_string(text);

	return value != NULL ? value : checked(json_string_nocheck("?"));
}

static json_t *text_or_null(const char *text)
{
	return text[0] != '\0' ? text_value(text) : json_null();
}

static json_t *pids_array(const struct bug_pids *pids)
{
	json_t *array = checked(json_array());

	for (size_t i = 0; i < pids->count; i++)
		json_array_append_new(array, checked(json_integer(pids->list[i])));
	return array;
}

static json_t *site_object(const struct site *site)
{
	char text[SITE_FILE_BYTES + SITE_FUNCTION_BYTES + 32];

	site_text(site, NULL, text, sizeof text);
	return checked(json_pack(
		"{s:o, s:o, s:o, s:o, s:I, s:b, s:o, s:o, s:b, s:b}", "text", text_value(text),
		"file", text_or_null(site->file), "module", text_or_null(site->module), "function",
		text_or_null(site->function), "line", (json_int_t)site->line, "own", site->own,
		"from", text_or_null(site->way_in), "innermost", text_or_null(site->innermost),
		"at_import", site->at_import, "at_exit", site->at_exit));
}

static json_t *uses_array(const struct bug *bug)
{
	json_t *array = checked(json_array());

	for (size_t i = 0; i < bug->use_count; i++) {
		json_t *use = site_object(&bug->uses[i].site);

		json_object_set_new(use, "pids", pids_array(&bug->uses[i].pids));
		json_array_append_new(array, use);
	}
	return array;
}

/* The kinds of findings that the bug led to, most harmful first. */
static json_t *kinds_array(const struct report *report, const struct bug *bug)
{
	json_t *array = checked(json_array());

	for (int kind = KIND_COUNT - 1; kind >= 0; kind--) {
		const struct bug_kind *of_kind = &bug->kinds[kind];
		json_t *example, *object;

		if (of_kind->findings == 0)
			continue;
		example = example_load(report, bug, (enum kind)kind);
		object = json_pack("{s:s, s:s, s:b, s:I, s:I}", "kind", kind_name((enum kind)kind),
				   "level", level_name(kind_level((enum kind)kind)), "proven",
				   of_kind->proven, "count", (json_int_t)of_kind->times, "findings",
				   (json_int_t)of_kind->findings);
		json_object_set_new(checked(object), "example",
				    example != NULL ? example : json_null());
		json_array_append_new(array, object);
	}
	return array;
}

static json_t *bug_object(const struct report *report, const struct bug *bug, size_t number)
{
	json_t *example = example_load(report, bug, bug->head);
	json_t *actions = checked(json_object());
	json_t *advised = example_for_advice(report, bug);
	char digits[17], query[256];
	json_t *object;

	snprintf(digits, sizeof digits, "%016" PRIx64, bug->fingerprint);
	if (!server_query(bug->protocol,
			  field_string(json_object_get(example, "connection"), "local"), query,
			  sizeof query))
		query[0] = '\0';
	object = json_pack(
		"{s:I, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:s, s:s, s:b, s:I, s:b}", "bug",
		(json_int_t)number, "fingerprint", digits, "consequence", bug_consequence(bug),
		"kind", kind_name(bug->head), "level", level_name(kind_level(bug->head)), "proven",
		bug->kinds[bug->head].proven, "count", (json_int_t)bug_times(bug), "findings",
		(json_int_t)bug_findings(bug), "protocol", bug->protocol, "peer", bug->peer,
		"more_peers", bug->more_peers, "connections", (json_int_t)bug->connection_count,
		"more_connections", bug->more_connections);
	json_object_update_new(
		checked(object),
		checked(json_pack("{s:o, s:o, s:o, s:I, s:I, s:o, s:b, s:s, s:s, s:o, "
				  "s:o, s:o}",
				  "opened", site_object(&bug->opened), "forked",
				  site_object(&bug->forked), "used", uses_array(bug), "more_uses",
				  (json_int_t)bug->more_uses, "opened_by",
				  (json_int_t)bug->opened_by, "pids", pids_array(&bug->pids),
				  "more_pids", bug->pids.more, "first", bug->first, "last",
				  bug->last, "advice", advice_array(advised), "server",
				  text_or_null(query), "kinds", kinds_array(report, bug))));
	if (bug->open_before)
		json_object_set_new(object, "open_before", json_true());
	json_object_set_new(object, "fleet",
			    bug->fleet != NULL ? json_incref(bug->fleet) : json_null());
	for (int action = ACTION_REPORTED + 1; action < ACTION_COUNT; action++)
		if (bug->actions[action] > 0)
			json_object_set_new(
				actions, action_name((enum finding_action)action),
				checked(json_integer((json_int_t)bug->actions[action])));
	if (json_object_size(actions) > 0) {
		json_object_set(object, "actions", actions);
		json_object_set_new(object, "reconnected", pids_array(&bug->reconnected));
	}
	json_decref(actions);
	json_decref(advised);
	json_decref(example);
	return object;
}

/* NULL: no session is of forksan attach. */
static json_t *attached_object(const struct report *report)
{
	char from[LOG_TIME_BYTES], until[LOG_TIME_BYTES];
	size_t count = sessions_attached(report->sessions, from, until);

	if (count == 0)
		return NULL;
	return checked(json_pack("{s:I, s:s, s:s?}", "sessions", (json_int_t)count, "from", from,
				 "until", until[0] != '\0' ? until : NULL));
}

json_t *render_object(const struct report *report, const struct render_options *options)
{
	uint64_t found[LEVEL_COUNT];
	struct completeness complete;
	struct unwatched unwatched;
	json_t *bugs = checked(json_array());
	json_t *attached = attached_object(report);
	json_t *object;

	for (size_t i = 0; i < bugs_count(report->bugs); i++)
		if (render_wants(options, i))
			json_array_append_new(bugs,
					      bug_object(report, bugs_at(report->bugs, i), i + 1));
	report_complete(report, &complete);
	report_count_bugs(report, found);
	sessions_sum_unwatched(report->sessions, &unwatched);
	object = json_pack(
		"{s:i, s:b, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:{s:I, s:I, s:I}}", "report",
		REPORT_VERSION, "complete", complete.count == 0, "incomplete",
		checked(complete_json(&complete)), "forksan", FORKSAN_VERSION, "lines",
		(json_int_t)report->lines, "broken_lines", (json_int_t)report->broken_lines,
		"unknown_records", (json_int_t)report->unknown_records, "sessions",
		(json_int_t)sessions_count(report->sessions), "sessions_without_summary",
		(json_int_t)sessions_without_summary(report->sessions), "seen",
		level_name(LEVEL_NOTICE), (json_int_t)bugs_total(report->bugs, LEVEL_NOTICE),
		level_name(LEVEL_HAZARD), (json_int_t)bugs_total(report->bugs, LEVEL_HAZARD),
		level_name(LEVEL_VIOLATION), (json_int_t)bugs_total(report->bugs, LEVEL_VIOLATION));
	json_object_update_new(
		checked(object),
		checked(json_pack(
			"{s:{s:I, s:I, s:I}, s:I, s:{s:I, s:I, s:I}, s:o, s:o, s:I, s:o, s:o}",
			"found", level_name(LEVEL_NOTICE), (json_int_t)found[LEVEL_NOTICE],
			level_name(LEVEL_HAZARD), (json_int_t)found[LEVEL_HAZARD],
			level_name(LEVEL_VIOLATION), (json_int_t)found[LEVEL_VIOLATION],
			"without_room", (json_int_t)bugs_without_room(report->bugs), "left_out",
			"filtered", (json_int_t)report->filtered, "known",
			(json_int_t)(report->known != NULL ? bugs_count(report->known) : 0),
			"suppressed", (json_int_t)report->suppressed, "counters",
			counters_object(report), "unwatched", checked(unwatched_json(&unwatched)),
			"unwatched_more", (json_int_t)unwatched.more, "blind",
			checked(blind_spots_json(&report->blind_spots)), "bugs", bugs)));
	if (attached != NULL)
		json_object_set_new(object, "attached", attached);
	return object;
}

void render_json(const struct report *report, const struct render_options *options, FILE *out)
{
	json_t *object = render_object(report, options);

	json_dumpf(object, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(object);
}
