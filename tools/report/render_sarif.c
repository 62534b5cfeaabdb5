/* SPDX-License-Identifier: MIT */
/*
 * A report in the Static Analysis Results Interchange Format, version 2.1.0 (OASIS, 2020), for code
 * scanning: a result for each bug, at the line that opened the connection.
 */
#include <ctype.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/names.h"
#include "base/cli.h"
#include "report/collect.h"
#include "report/describe.h"
#include "report/render.h"

static json_t *checked(json_t *value)
{
	if (value == NULL)
		cli_no_memory();
	return value;
}

/* SARIF's levels (3.27.10). */
static const char *sarif_level(enum level level)
{
	static const char *const names[LEVEL_COUNT] = {
		[LEVEL_NOTICE] = "note",
		[LEVEL_HAZARD] = "warning",
		[LEVEL_VIOLATION] = "error",
	};

	return names[level];
}

/* Returns a path as a URI reference (RFC 3986): all but unreserved characters are percent-encoded.
 */
static json_t *uri_of(const char *path)
{
	char uri[3 * SITE_FILE_BYTES + 8] = "";
	size_t len = 0;

	if (path[0] == '/')
		len = (size_t)snprintf(uri, sizeof uri, "file://");
	for (; *path != '\0' && len + 4 < sizeof uri; path++) {
		unsigned char c = (unsigned char)*path;

		len += (size_t)snprintf(
			uri + len, sizeof uri - len,
			c < 0x80 && (isalnum(c) || strchr("/-._~", c) != NULL) ? "%c" : "%%%02X",
			c);
	}
	return checked(json_string(uri));
}

static json_t *text_of(const char *text)
{
	json_t *value = json_string(text);

	return value != NULL ? value : checked(json_string("?"));
}

static json_t *location_of(const struct site *site, const char *message)
{
	const char *file = describe_file(site);
	json_t *location = checked(json_object());
	json_t *place;

	if (file != NULL) {
		place = checked(json_pack("{s:{s:o}}", "artifactLocation", "uri", uri_of(file)));
		if (site->line > 0)
			json_object_set_new(
				place, "region",
				checked(json_pack("{s:I}", "startLine", (json_int_t)site->line)));
		json_object_set_new(location, "physicalLocation", place);
	}
	if (site->function[0] != '\0')
		json_object_set_new(location, "logicalLocations",
				    checked(json_pack("[{s:o}]", "fullyQualifiedName",
						      text_of(site->function))));
	if (message != NULL)
		json_object_set_new(location, "message",
				    checked(json_pack("{s:s}", "text", message)));
	return location;
}

static json_t *related_of(const struct bug *bug)
{
	json_t *related = checked(json_array());

	json_array_append_new(related, location_of(&bug->forked, "the fork"));
	for (size_t i = 0; i < bug->use_count; i++)
		json_array_append_new(related, location_of(&bug->uses[i].site, "a use"));
	return related;
}

static json_t *result_of(const struct bug *bug)
{
	char digits[17], *text = describe_bug(bug);
	json_t *result;

	snprintf(digits, sizeof digits, "%016" PRIx64, bug->fingerprint);
	result = json_pack("{s:s, s:i, s:s, s:{s:o}, s:[o], s:o, s:{s:s}, s:I}", "ruleId",
			   kind_name(bug->head), "ruleIndex", (int)bug->head, "level",
			   sarif_level(kind_level(bug->head)), "message", "text", text_of(text),
			   "locations", location_of(&bug->opened, NULL), "relatedLocations",
			   related_of(bug), "partialFingerprints", "forksan/v1", digits,
			   "occurrenceCount",
			   (json_int_t)(bug_times(bug) < INT32_MAX ? bug_times(bug) : INT32_MAX));
	free(text);
	return checked(result);
}

static json_t *rules(void)
{
	json_t *array = checked(json_array());

	for (int kind = 0; kind < KIND_COUNT; kind++)
		json_array_append_new(
			array, checked(json_pack("{s:s, s:{s:s}}", "id", kind_name((enum kind)kind),
						 "defaultConfiguration", "level",
						 sarif_level(kind_level((enum kind)kind)))));
	return array;
}

/* Returns a notification (3.58) for each reason for which the run may be incomplete. */
static json_t *notifications(const struct completeness *complete)
{
	json_t *array = checked(json_array());

	for (size_t i = 0; i < complete->count; i++) {
		char text[256];

		snprintf(text, sizeof text, "not seen: %s (%s %" PRIu64 ")",
			 complete->reasons[i].text, complete->reasons[i].name,
			 complete->reasons[i].count);
		json_array_append_new(array,
				      checked(json_pack("{s:{s:s}, s:s, s:{s:s}}", "descriptor",
							"id", complete->reasons[i].name, "level",
							"warning", "message", "text", text)));
	}
	return array;
}

void render_sarif(const struct report *report, const struct render_options *options, FILE *out)
{
	json_t *results = checked(json_array());
	struct completeness complete;
	json_t *log;

	for (size_t i = 0; i < bugs_count(report->bugs); i++)
		if (render_wants(options, i))
			json_array_append_new(results, result_of(bugs_at(report->bugs, i)));
	report_complete(report, &complete);
	log = checked(json_pack(
		"{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:[{s:b, s:o}], s:o}]}", "$schema",
		"https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool",
		"driver", "name", "forksan", "version", FORKSAN_VERSION, "rules", rules(),
		"invocations", "executionSuccessful", !complete.blind, "toolExecutionNotifications",
		notifications(&complete), "results", results));
	json_dumpf(log, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(log);
}
