/* SPDX-License-Identifier: MIT */
/*
 * See show.h.
 */
#include "doctor/show.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cli.h"
#include "base/escape.h"
#include "base/paragraph.h"

static const struct {
	enum doctor_way way;
	const char *name;
} ways[DOCTOR_WAYS] = {
	{DOCTOR_PRELOAD, "preload"},
	{DOCTOR_ATTACH, "attach"},
	{DOCTOR_SCAN, "scan"},
};

static const char *const state_names[] = {
	[DOCTOR_GOOD] = "good",
	[DOCTOR_NOTE] = "note",
	[DOCTOR_LIMIT] = "limit",
	[DOCTOR_BLIND] = "blind",
};

const char *doctor_answer(enum doctor_state state)
{
	if (state == DOCTOR_BLIND)
		return "no";
	return state == DOCTOR_LIMIT ? "in part" : "yes";
}

/* --- for people ------------------------------------------------------------------------------ */

/* The answer for a way, and the first check that is the reason for it. */
static void print_way(const struct doctor_sheet *sheet, enum doctor_way way, const char *name,
		      const struct subject *subject, FILE *out)
{
	enum doctor_state state = sheet_state(sheet, way);
	const struct doctor_check *reason =
		state >= DOCTOR_LIMIT ? sheet_reason(sheet, way, state) : NULL;
	struct sentence sentence;

	sentence_begin(&sentence);
	fputs(doctor_answer(state), sentence.out);
	if (way == DOCTOR_PRELOAD && subject->pid != 0 && !subject->has_library &&
	    state != DOCTOR_BLIND)
		fputs(", after a restart under it", sentence.out);
	if (reason != NULL)
		fprintf(sentence.out, ": %s", reason->text);
	sentence_print(&sentence, name, out);
}

static void print_way_to_program(const struct launch *launch, FILE *out)
{
	struct sentence sentence;

	sentence_begin(&sentence);
	for (size_t i = 0; i < launch->step_count; i++)
		fprintf(sentence.out, "%s%s", i > 0 ? " -> " : "", launch->steps[i].name);
	if (strcmp(launch->target.path, launch->target.program) != 0)
		fprintf(sentence.out, " -> %s", launch->target.program);
	if (launch->unknown != NULL)
		fprintf(sentence.out, " -> %s (not followed)", launch->unknown);
	sentence_print(&sentence, "starts", out);
}

void doctor_show_text(const struct doctor_sheet *sheet, const struct subject *subject,
		      const struct launch *launch, FILE *out)
{
	fputs("Will forksan see ", out);
	if (subject->pid != 0)
		fprintf(out, "process %d, ", subject->pid);
	escape_print(subject->target.path, out);
	fputs("?\n\n", out);
	for (size_t i = 0; i < DOCTOR_WAYS; i++)
		print_way(sheet, ways[i].way, ways[i].name, subject, out);
	fputc('\n', out);
	if (launch != NULL)
		print_way_to_program(launch, out);
	/* What needs doing first. */
	for (int state = DOCTOR_BLIND; state >= DOCTOR_GOOD; state--) {
		for (size_t i = 0; i < sheet->count; i++) {
			const struct doctor_check *check = &sheet->checks[i];

			if (check->state != (enum doctor_state)state)
				continue;
			paragraph_print(state_names[state], check->text, out);
			if (check->advice != NULL)
				paragraph_print("  do", check->advice, out);
		}
	}
}

/* --- for programs ---------------------------------------------------------------------------- */

/* A JSON string of any bytes; bytes that are no UTF-8 become their escaped form. */
static json_t *json_text(const char *text)
{
	json_t *value = json_string(text);
	char *escaped;

	if (value != NULL)
		return value;
	escaped = malloc(ESCAPED_BYTES(strlen(text)));
	if (escaped == NULL)
		cli_no_memory();
	escape_text(text, escaped, ESCAPED_BYTES(strlen(text)));
	value = json_string(escaped);
	free(escaped);
	return value != NULL ? value : json_null();
}

static json_t *json_check(const struct doctor_check *check)
{
	json_t *concerns = json_array();

	for (size_t i = 0; i < DOCTOR_WAYS; i++)
		if ((check->ways & ways[i].way) != 0)
			json_array_append_new(concerns, json_string(ways[i].name));
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "check", check->name, "state",
			 state_names[check->state], "concerns", concerns, "text",
			 json_text(check->text), "advice",
			 check->advice != NULL ? json_text(check->advice) : json_null());
}

void doctor_show_json(const struct doctor_sheet *sheet, const struct subject *subject,
		      const struct launch *launch, FILE *out)
{
	json_t *checks = json_array(), *steps = json_array();
	json_t *record;

	for (size_t i = 0; i < sheet->count; i++)
		json_array_append_new(checks, json_check(&sheet->checks[i]));
	for (size_t i = 0; launch != NULL && i < launch->step_count; i++)
		json_array_append_new(steps, json_text(launch->steps[i].name));
	record = json_pack(
		"{s:s, s:o, s:o, s:o}", "record", "doctor", "program",
		json_text(launch != NULL ? subject->target.program : subject->target.path),
		"starts", steps, "checks", checks);
	if (record == NULL)
		cli_no_memory();
	if (subject->pid != 0)
		json_object_set_new(record, "pid", json_integer(subject->pid));
	for (size_t i = 0; i < DOCTOR_WAYS; i++)
		json_object_set_new(record, ways[i].name,
				    json_string(doctor_answer(sheet_state(sheet, ways[i].way))));
	json_dumpf(record, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(record);
}
