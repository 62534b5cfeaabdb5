/* SPDX-License-Identifier: MIT */
/*
 * See checks.h.
 */
#include "doctor/checks.h"

#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/paragraph.h"

/* Puts the words of a command behind `before`, from malloc(). */
static char *put_before(const char *before, char *const *words)
{
	struct sentence sentence;

	sentence_begin(&sentence);
	fputs(before, sentence.out);
	for (; words != NULL && *words != NULL; words++)
		fprintf(sentence.out, " %s", *words);
	sentence_end(&sentence);
	return sentence.text;
}

static const char *advice_elsewhere(const struct launch_step *step)
{
	const char *slash = strrchr(step->name, '/');
	const char *name = slash != NULL ? slash + 1 : step->name;

	if (strcmp(name, "systemctl") == 0 || strcmp(name, "service") == 0)
		return "forksan enable UNIT puts the service under forksan";
	return "run forksan there (in the unit, the container, the other machine)";
}

static void check_step(struct doctor_sheet *sheet, const struct launch *launch,
		       const struct launch_step *step)
{
	char *advice = put_before("put forksan behind it: forksan run --", launch->rest);
	const char *why = step->why != NULL ? step->why : step->name;

	switch (step->effect) {
	case LAUNCH_PASSES:
		break;
	case LAUNCH_SCRUBS:
		sheet_add(sheet, "wrapper", DOCTOR_BLIND, DOCTOR_PRELOAD, advice,
			  "%s takes LD_PRELOAD out of the environment%s%s%s", step->name,
			  strcmp(why, step->name) != 0 ? " (" : "",
			  strcmp(why, step->name) != 0 ? why : "",
			  strcmp(why, step->name) != 0 ? ")" : "");
		break;
	case LAUNCH_ELSEWHERE:
		sheet_add(
			sheet, "wrapper", DOCTOR_BLIND, DOCTOR_PRELOAD, advice_elsewhere(step),
			"%s starts the program elsewhere, with another environment or another root",
			step->name);
		break;
	case LAUNCH_SWITCHES:
		sheet_add(sheet, "user", DOCTOR_LIMIT, DOCTOR_PRELOAD, advice,
			  "%s changes the user%s%s before the program starts: the program begins a "
			  "registry of its own, and needs a log that this user may write",
			  step->name, step->why != NULL ? " to " : "",
			  step->why != NULL ? step->why : "");
		break;
	}
	if (step->blind)
		sheet_add(sheet, "wrapper", DOCTOR_LIMIT, DOCTOR_PRELOAD, advice,
			  "%s cannot have the library in it, and forksan run refuses to start it, "
			  "though the environment goes on to the program",
			  step->name);
	free(advice);
}

void check_launch(struct doctor_sheet *sheet, const struct launch *launch, char *const *command)
{
	for (size_t i = 0; i < launch->step_count; i++)
		check_step(sheet, launch, &launch->steps[i]);
	if (launch->unknown != NULL)
		sheet_add(
			sheet, "wrapper", DOCTOR_LIMIT, DOCTOR_PRELOAD,
			"look at the program that runs: forksan doctor -p PID",
			"%s starts %s, which could not be followed: what is said below is about %s",
			launch->steps[launch->step_count - 1].name, launch->unknown,
			launch->target.program);
	if (strstr(command[0], "forksan") != NULL)
		sheet_add(sheet, "wrapper", DOCTOR_NOTE, DOCTOR_PRELOAD, NULL,
			  "the command is forksan's own: ask about the program behind it");
}
