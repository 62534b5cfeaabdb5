/* SPDX-License-Identifier: MIT */
/*
 * forksan: the tool's table of verbs.
 *
 * main() finds the verb and hands its arguments over; nothing else is decided here.  A new verb is
 * a room with a cmd_NAME.c and .h, and one line in the table.
 */
#include <stdio.h>
#include <string.h>

#include "common/suggest.h"
#include "base/cli.h"
#include "base/exit_status.h"
#include "base/verb.h"
#include "attach/cmd_attach.h"
#include "doctor/cmd_doctor.h"
#include "explain/cmd_explain.h"
#include "fleet/cmd_fleet.h"
#include "metrics/cmd_metrics.h"
#include "report/cmd_report.h"
#include "run/cmd_run.h"
#include "scan/cmd_scan.h"
#include "suppress/cmd_suppress.h"
#include "top/cmd_top.h"
#include "unit/cmd_unit.h"

static const struct verb *const verbs[] = {
	/* clang-format off: a line for each */
	&verb_run,    &verb_attach, &verb_report,  &verb_explain, &verb_suppress, &verb_scan,
	&verb_doctor, &verb_top,    &verb_metrics, &verb_enable,  &verb_disable,  &verb_fleet,
	/* clang-format on */
};
#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

static void print_usage(FILE *out)
{
	fputs("usage: forksan VERB [OPTION...] ...\n\n"
	      "Finds connections that two processes share over a fork.\n\n",
	      out);
	for (size_t i = 0; i < VERB_COUNT; i++)
		fprintf(out, "  %-8s %s\n", verbs[i]->name, verbs[i]->summary);
	fputs("\nforksan VERB --help, or forksan help VERB, tells more; so do the manual pages\n"
	      "forksan(1), forksan-VERB(1) and forksan(7).  forksan --version prints the "
	      "version.\n",
	      out);
}

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < VERB_COUNT; i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}

/* Verbs of other tools, and the verb that does the same here. */
static const char *find_other_name(const char *name)
{
	static const struct {
		const char *other, *verb;
	} names[] = {
		{"record", "run"},  {"exec", "run"},	 {"start", "run"},
		{"launch", "run"},  {"trace", "attach"}, {"show", "report"},
		{"read", "report"}, {"view", "report"},	 {"analyze", "report"},
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(name, names[i].other) == 0)
			return names[i].verb;
	return NULL;
}

static int warn_of_verb(const char *name)
{
	static const char *const more[] = {"help", "--help", "--version"};
	const char *names[VERB_COUNT + sizeof more / sizeof more[0]];
	const char *guess;
	size_t count = 0;

	for (size_t i = 0; i < VERB_COUNT; i++)
		names[count++] = verbs[i]->name;
	for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
		names[count++] = more[i];
	guess = find_other_name(name);
	if (guess == NULL)
		guess = suggest_closest(name, strlen(name), names, count);
	if (guess != NULL)
		cli_error(NULL, "unknown verb %s; did you mean %s?", name, guess);
	else
		cli_error(NULL, "unknown verb %s; see forksan --help", name);
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2) {
		print_usage(stderr);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("forksan %s\n", FORKSAN_VERSION);
		return STATUS_OK;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    (strcmp(argv[1], "help") == 0 && (argc == 2 || strcmp(argv[2], "help") == 0))) {
		print_usage(stdout);
		return STATUS_OK;
	}
	if (strcmp(argv[1], "help") == 0) {
		verb = find_verb(argv[2]);
		if (verb == NULL)
			return warn_of_verb(argv[2]);
		cli_print_help(verb);
		return STATUS_OK;
	}
	verb = find_verb(argv[1]);
	if (verb == NULL)
		return warn_of_verb(argv[1]);
	return verb->run(argc - 1, argv + 1);
}
