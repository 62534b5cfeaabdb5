/* SPDX-License-Identifier: MIT */
/*
 * forksan suppress: prints a suppressions file that leaves out the bugs of a log.
 */
#include "suppress/cmd_suppress.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/escape.h"
#include "base/exit_status.h"
#include "base/verb.h"
#include "report/collect.h"
#include "report/files.h"
#include "report/describe.h"

static const struct option longs[] = {
	{"help", no_argument, NULL, 'h'},
	{"reason", required_argument, NULL, 'r'},
	{0},
};

static void print_entry(const struct bug *bug, const char *reason)
{
	char *text = describe_bug(bug);

	printf("# %s\n# reason: ", text);
	if (reason != NULL)
		escape_print(reason, stdout);
	printf("\nfingerprint:%016" PRIx64 "\n\n", bug->fingerprint);
	free(text);
}

static int print_entries(char **names, const char *reason)
{
	struct report report;
	int status = STATUS_OK, result;

	report_init(&report);
	for (; *names != NULL; names++) {
		result = report_read_file(&report, SUPPRESS_VERB, *names);
		status = status == STATUS_OK ? result : status;
	}
	bugs_sort(report.bugs);
	for (size_t i = 0; i < bugs_count(report.bugs); i++)
		print_entry(bugs_at(report.bugs, i), reason);
	report_clear(&report);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	cli_error(SUPPRESS_VERB, "stdout: %s", strerror(errno));
	return STATUS_USAGE;
}

static int run(int argc, char **argv)
{
	const char *reason = NULL;
	int result;

	opterr = 0;
	while ((result = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		switch (result) {
		case 'r':
			reason = optarg;
			break;
		case 'h':
			cli_print_help(&verb_suppress);
			return STATUS_OK;
		default:
			return cli_unknown_option(&verb_suppress, longs, argv, result);
		}
	}
	if (optind == argc) {
		cli_error(SUPPRESS_VERB, "expected a log file, or - for stdin, found nothing");
		return STATUS_USAGE;
	}
	return print_entries(argv + optind, reason);
}

const struct verb verb_suppress = {
	.name = SUPPRESS_VERB,
	.usage = "[--reason TEXT] FILE...|-",
	.summary = "prints suppressions for the bugs of a log",
	.help = "  --reason TEXT  why they are accepted\n"
		"  -h, --help     this text\n\n"
		"An entry is a bug's fingerprint, below what the bug is and the reason: a file "
		"for\n"
		"forksan-report(1), SUPPRESSIONS.  Exit status: 0; 65 when a file is no log; 2 "
		"for\n"
		"wrong usage or an unreadable file.\n",
	.run = run,
};
