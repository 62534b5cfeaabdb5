/* SPDX-License-Identifier: MIT */
/*
 * forksan report: reads logs and shows what they found, grouped.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/suggest.h"
#include "base/cli.h"
#include "base/exit_status.h"
#include "base/verb.h"
#include "report/cmd_report.h"
#include "report/collect.h"
#include "report/render.h"
#include "common/names.h"

struct report_options {
	bool json;
	bool every_frame;
	int fail_on; /* enum level; LEVEL_COUNT: never */
};

static const struct option longs[] = {
	{"fail-on", required_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, 'j'},
	{"verbose", no_argument, NULL, 'v'},
	{0},
};

/* False, with a message, when `text` names no level to fail on. */
static bool read_level(const char *text, int *level)
{
	static const char *const names[] = {"hazard", "violation"};
	const char *guess;

	for (*level = LEVEL_HAZARD; *level < LEVEL_COUNT; ++*level)
		if (strcmp(text, level_name(*level)) == 0)
			return true;
	guess = suggest_closest(text, strlen(text), names, 2);
	cli_error(REPORT_VERB, "--fail-on: expected hazard or violation, found %s%s%s%s", text,
		  guess != NULL ? "; did you mean " : "", guess != NULL ? guess : "",
		  guess != NULL ? "?" : "");
	return false;
}

/* A file without a single record says nothing of what was found: it is none of ours, or forksan was
 * not active.  Only the former is an error: lines that are no records. */
static bool has_records(const struct report *report, const struct report *before, const char *name)
{
	uint64_t lines = report->lines - before->lines;
	uint64_t broken = report->broken_lines - before->broken_lines;

	if (lines == 0)
		cli_error(
			REPORT_VERB,
			"%s: expected a session's record at least, found nothing: forksan was not "
			"active, or logged elsewhere",
			name);
	else if (broken == lines)
		cli_error(REPORT_VERB, "%s: expected a log of forksan, found no record in it",
			  name);
	return lines == 0 || broken < lines;
}

/* True when the file was read to its end, and is a log. */
static bool read_file(struct report *report, const char *name)
{
	bool is_stdin = strcmp(name, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	const struct report before = *report;
	int result;

	if (fd < 0) {
		cli_error(REPORT_VERB, "%s: %s", name, strerror(errno));
		return false;
	}
	result = report_read(report, REPORT_VERB, is_stdin ? "stdin" : name, fd, 0);
	if (!is_stdin)
		close(fd);
	if (result < 0)
		cli_error(REPORT_VERB, "%s: %s", name, strerror(-result));
	return result == 0 && has_records(report, &before, is_stdin ? "stdin" : name);
}

static int show(const struct report *report, const struct report_options *options)
{
	if (options->json) {
		render_json(report, stdout);
	} else {
		render_findings(report, options->every_frame, stdout);
		render_totals(report, stdout);
	}
	if (fflush(stdout) == 0 && !ferror(stdout))
		return STATUS_OK;
	cli_error(REPORT_VERB, "stdout: %s", strerror(errno));
	return STATUS_USAGE;
}

static int run(int argc, char **argv)
{
	struct report_options options = {.fail_on = LEVEL_COUNT};
	struct report report;
	int status = STATUS_OK, shown, result;

	opterr = 0;
	while ((result = getopt_long(argc, argv, ":hv", longs, NULL)) != -1) {
		switch (result) {
		case 'f':
			if (!read_level(optarg, &options.fail_on))
				return STATUS_USAGE;
			break;
		case 'j':
			options.json = true;
			break;
		case 'v':
			options.every_frame = true;
			break;
		case 'h':
			cli_print_help(&verb_report);
			return STATUS_OK;
		default:
			return cli_unknown_option(&verb_report, longs, argv, result);
		}
	}
	if (optind == argc) {
		cli_error(REPORT_VERB, "expected a log file, or - for stdin, found nothing");
		return STATUS_USAGE;
	}
	report_init(&report);
	for (int i = optind; i < argc; i++)
		if (!read_file(&report, argv[i]))
			status = STATUS_USAGE;
	shown = show(&report, &options);
	if (status == STATUS_OK)
		status = shown;
	if (report_worst_level(&report) >= options.fail_on)
		status = STATUS_MATCHED;
	report_clear(&report);
	return status;
}

const struct verb verb_report = {
	.name = REPORT_VERB,
	.usage = "[-v] [--json] [--fail-on hazard|violation] FILE...|-",
	.summary = "reads logs and shows what they found, most harmful first",
	.help = "  --json           one JSON object instead of text\n"
		"  --fail-on LEVEL  exit status 1 when the log has a finding of that level "
		"(hazard,\n"
		"                   violation) or a higher one\n"
		"  -v, --verbose    every frame of every stack\n"
		"  -h, --help       this text\n\n"
		"Broken lines are named on stderr, counted and passed over.  Exit status: 0; 1 "
		"for\n"
		"--fail-on; 2 for wrong usage, a file that cannot be read or is no log.\n",
	.run = run,
};
