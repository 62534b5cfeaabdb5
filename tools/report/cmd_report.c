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

#include "base/cli.h"
#include "base/exit_status.h"
#include "base/verb.h"
#include "log/complete.h"
#include "log/level.h"
#include "report/cmd_report.h"
#include "report/collect.h"
#include "report/render.h"
#include "common/names.h"

struct report_options {
	bool json;
	bool every_frame;
	enum level fail_on; /* LEVEL_COUNT: never */
};

static const struct option longs[] = {
	{"fail-on", required_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{"json", no_argument, NULL, 'j'},
	{"verbose", no_argument, NULL, 'v'},
	{0},
};

/* A file without a single record says nothing of what was found: without a line, forksan was not
 * active or logged elsewhere; with lines that are no records, it is no log of forksan. */
static int check_records(struct report *report, const struct report *before, const char *name)
{
	uint64_t lines = report->lines - before->lines;
	uint64_t records = report->records - before->records;

	report->empty_logs += lines == 0;
	if (lines == 0)
		cli_error(
			REPORT_VERB,
			"%s: expected a session's record at least, found nothing: forksan was not "
			"active, or logged elsewhere",
			name);
	else if (records == 0)
		cli_error(REPORT_VERB, "%s: expected a log of forksan, found no record in it",
			  name);
	return lines > 0 && records == 0 ? STATUS_NO_LOG : STATUS_OK;
}

/* STATUS_OK when the file was read to its end, and is a log or empty. */
static int read_file(struct report *report, const char *name)
{
	bool is_stdin = strcmp(name, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	const struct report before = *report;
	int result;

	if (fd < 0) {
		cli_error(REPORT_VERB, "%s: %s", name, strerror(errno));
		return STATUS_USAGE;
	}
	result = report_read(report, REPORT_VERB, is_stdin ? "stdin" : name, fd, 0);
	if (!is_stdin)
		close(fd);
	if (result < 0) {
		cli_error(REPORT_VERB, "%s: %s", name, strerror(-result));
		return STATUS_USAGE;
	}
	return check_records(report, &before, is_stdin ? "stdin" : name);
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

/* Of two statuses the one that says more; exit_status.h has the order. */
static int worse(int a, int b)
{
	static const int order[] = {STATUS_FOUND, STATUS_USAGE, STATUS_NO_LOG, STATUS_INCOMPLETE};

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return STATUS_OK;
}

static int run(int argc, char **argv)
{
	struct report_options options = {.fail_on = LEVEL_COUNT};
	struct report report;
	struct completeness complete;
	int status = STATUS_OK, result;

	opterr = 0;
	while ((result = getopt_long(argc, argv, ":hv", longs, NULL)) != -1) {
		switch (result) {
		case 'f':
			if (!level_read(REPORT_VERB, optarg, &options.fail_on))
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
		status = worse(status, read_file(&report, argv[i]));
	status = worse(status, show(&report, &options));
	report_complete(&report, &complete);
	if (complete.count > 0)
		status = worse(status, STATUS_INCOMPLETE);
	if (report_worst_level(&report) >= (int)options.fail_on)
		status = worse(status, STATUS_FOUND);
	report_clear(&report);
	return status;
}

const struct verb verb_report = {
	.name = REPORT_VERB,
	.usage = "[-v] [--json] [--fail-on LEVEL] FILE...|-",
	.summary = "reads logs and shows what they found, most harmful first",
	.help = "  --json           one JSON object instead of text\n"
		"  --fail-on LEVEL  exit status 66 when the log has a finding of that level "
		"(notice,\n"
		"                   hazard, violation) or a higher one\n"
		"  -v, --verbose    every frame of every stack\n"
		"  -h, --help       this text\n\n"
		"Broken lines are named on stderr, counted and passed over.  Exit status: 0 when "
		"all\n"
		"was watched and read; 66 for --fail-on; 67 when nothing was watched or something\n"
		"was missed; 65 when a file is no log; 2 for wrong usage or an unreadable file.\n",
	.run = run,
};
