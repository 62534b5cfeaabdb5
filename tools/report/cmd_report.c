/* SPDX-License-Identifier: MIT */
/*
 * forksan report: reads logs and shows the bugs in these logs.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "base/pager.h"
#include "base/paragraph.h"
#include "base/verb.h"
#include "log/complete.h"
#include "log/level.h"
#include "log/verdict.h"
#include "report/cmd_report.h"
#include "report/collect.h"
#include "report/files.h"
#include "report/follow.h"
#include "report/render.h"
#include "report/store.h"

enum form { TEXT, HTML, JSON, SARIF, JUNIT, GITHUB, SPEEDSCOPE, VERDICT };

struct report_options {
	enum form form;
	enum level fail_on; /* LEVEL_COUNT: never */
	const char *bug;    /* a number or the beginning of a fingerprint; NULL: all bugs */
	const char *baseline;
	const char *store; /* NULL: logs alone */
	const char *suppressions;
	uint64_t min_connections;
	bool require_session;
	bool follow;
	struct filter filter;
	struct render_options render;
};

/* Options that have no letter. */
enum {
	OPTION_BASELINE = 256,
	OPTION_BUG,
	OPTION_DB,
	OPTION_FAIL_ON,
	OPTION_FOLLOW,
	OPTION_GITHUB,
	OPTION_HTML,
	OPTION_JSON,
	OPTION_JUNIT,
	OPTION_KIND,
	OPTION_MIN_CONNECTIONS,
	OPTION_PEER,
	OPTION_PID,
	OPTION_REQUIRE_SESSION,
	OPTION_SARIF,
	OPTION_SINCE,
	OPTION_SOURCE,
	OPTION_SPEEDSCOPE,
	OPTION_STACKS,
	OPTION_SUPPRESSIONS,
	OPTION_TOP,
};

static const struct option longs[] = {
	{"baseline", required_argument, NULL, OPTION_BASELINE},
	{"bug", required_argument, NULL, OPTION_BUG},
	{"db", required_argument, NULL, OPTION_DB},
	{"fail-on", required_argument, NULL, OPTION_FAIL_ON},
	{"follow", no_argument, NULL, OPTION_FOLLOW},
	{"github", no_argument, NULL, OPTION_GITHUB},
	{"help", no_argument, NULL, 'h'},
	{"html", no_argument, NULL, OPTION_HTML},
	{"json", no_argument, NULL, OPTION_JSON},
	{"junit", no_argument, NULL, OPTION_JUNIT},
	{"kind", required_argument, NULL, OPTION_KIND},
	{"min-connections", required_argument, NULL, OPTION_MIN_CONNECTIONS},
	{"peer", required_argument, NULL, OPTION_PEER},
	{"pid", required_argument, NULL, OPTION_PID},
	{"quiet", no_argument, NULL, 'q'},
	{"require-session", no_argument, NULL, OPTION_REQUIRE_SESSION},
	{"sarif", no_argument, NULL, OPTION_SARIF},
	{"since", required_argument, NULL, OPTION_SINCE},
	{"source", no_argument, NULL, OPTION_SOURCE},
	{"speedscope", no_argument, NULL, OPTION_SPEEDSCOPE},
	{"stacks", no_argument, NULL, OPTION_STACKS},
	{"suppressions", required_argument, NULL, OPTION_SUPPRESSIONS},
	{"top", required_argument, NULL, OPTION_TOP},
	{"verbose", no_argument, NULL, 'v'},
	{0},
};

/* --- the command line ---------------------------------------------------------------------- */

/* False, with a message: another form was asked for before. */
static bool take_form(struct report_options *options, enum form form)
{
	if (options->form != TEXT && options->form != form) {
		cli_error(REPORT_VERB, "expected one form: text, --html, --json, --sarif, --junit, "
				       "--github, --speedscope or --quiet");
		return false;
	}
	options->form = form;
	return true;
}

/* False, with a message: the option's value is wrong. */
static bool take_option(int option, const char *value, struct report_options *options)
{
	switch (option) {
	case OPTION_BASELINE:
		options->baseline = value;
		break;
	case OPTION_BUG:
		options->bug = value;
		break;
	case OPTION_DB:
		if (!store_is_uri(value)) {
			cli_error(REPORT_VERB, "--db: expected postgresql://..., found %s", value);
			return false;
		}
		options->store = value;
		break;
	case OPTION_FAIL_ON:
		return level_read(REPORT_VERB, value, &options->fail_on);
	case OPTION_FOLLOW:
		options->follow = true;
		break;
	case OPTION_GITHUB:
		return take_form(options, GITHUB);
	case OPTION_HTML:
		return take_form(options, HTML);
	case OPTION_JSON:
		return take_form(options, JSON);
	case OPTION_JUNIT:
		return take_form(options, JUNIT);
	case OPTION_SARIF:
		return take_form(options, SARIF);
	case OPTION_KIND:
		return filter_read_kind(&options->filter, REPORT_VERB, value);
	case OPTION_MIN_CONNECTIONS:
		return cli_number(REPORT_VERB, "--min-connections", value,
				  &options->min_connections);
	case OPTION_PEER:
		options->filter.peer = value;
		break;
	case OPTION_PID:
		return filter_read_pid(&options->filter, REPORT_VERB, value);
	case OPTION_SINCE:
		return filter_read_since(&options->filter, REPORT_VERB, value);
	case OPTION_REQUIRE_SESSION:
		options->require_session = true;
		break;
	case OPTION_SOURCE:
		options->render.source = true;
		break;
	case OPTION_SPEEDSCOPE:
		return take_form(options, SPEEDSCOPE);
	case OPTION_STACKS:
		options->render.stacks = true;
		break;
	case OPTION_SUPPRESSIONS:
		options->suppressions = value;
		break;
	case OPTION_TOP:
		return cli_number(REPORT_VERB, "--top", value, &options->render.top);
	case 'q':
		return take_form(options, VERDICT);
	case 'v':
		options->render.stacks = options->render.every_frame = true;
		break;
	}
	return true;
}

/* -1: go on; else the exit status. */
static int read_arguments(int argc, char **argv, struct report_options *options)
{
	int result;

	opterr = 0;
	while ((result = getopt_long(argc, argv, ":hqv", longs, NULL)) != -1) {
		if (result == 'h') {
			cli_print_help(&verb_report);
			return STATUS_OK;
		}
		if (result == '?' || result == ':')
			return cli_unknown_option(&verb_report, longs, argv, result);
		if (!take_option(result, optarg, options))
			return STATUS_USAGE;
	}
	if (optind == argc && options->store == NULL) {
		cli_error(REPORT_VERB, "expected a log file, or - for stdin, found nothing");
		return STATUS_USAGE;
	}
	if (options->follow && (options->form != TEXT || options->bug != NULL)) {
		cli_error(REPORT_VERB, "--follow: expected a report as text of all bugs");
		return STATUS_USAGE;
	}
	for (int i = optind; options->follow && i < argc; i++)
		if (strcmp(argv[i], "-") == 0) {
			cli_error(REPORT_VERB, "--follow: expected a file or directory, found -");
			return STATUS_USAGE;
		}
	if (optind + 1 == argc && strcmp(argv[optind], "-") != 0)
		options->render.log_name = argv[optind];
	return -1;
}

/* --- the bug that --bug means -------------------------------------------------------------- */

static bool is_number(const char *text)
{
	return strlen(text) <= 4 && strspn(text, "0123456789") == strlen(text);
}

static bool find_bug(const struct bugs *bugs, const char *text, size_t *number)
{
	char digits[17];

	if (is_number(text)) {
		*number = (size_t)atoi(text);
		if (*number > 0 && *number <= bugs_count(bugs))
			return true;
	} else {
		for (*number = 1; *number <= bugs_count(bugs); ++*number) {
			snprintf(digits, sizeof digits, "%016" PRIx64,
				 bugs_at(bugs, *number - 1)->fingerprint);
			if (strncmp(digits, text, strlen(text)) == 0)
				return true;
		}
	}
	cli_error(REPORT_VERB,
		  "--bug: expected a number from 1 to %zu or a fingerprint of the log, found %s",
		  bugs_count(bugs), text);
	return false;
}

/* --- the report ---------------------------------------------------------------------------- */

static void print_verdict(const struct report *report)
{
	uint64_t found[LEVEL_COUNT];
	struct completeness complete;

	report_count_bugs(report, found);
	report_complete(report, &complete);
	verdict_print(found, "bug", &complete, "", stdout);
	complete_print(&complete, "", stdout);
}

static int show(const struct report *report, struct report_options *options)
{
	if (options->bug != NULL && !find_bug(report->bugs, options->bug, &options->render.number))
		return STATUS_USAGE;
	switch (options->form) {
	case TEXT:
		render_bugs(report, &options->render, stdout);
		render_totals(report, stdout);
		break;
	case JSON:
		render_json(report, &options->render, stdout);
		break;
	case HTML:
		render_html(report, &options->render, stdout);
		break;
	case SARIF:
		render_sarif(report, &options->render, stdout);
		break;
	case JUNIT:
		render_junit(report, &options->render, options->fail_on, stdout);
		break;
	case GITHUB:
		render_github(report, &options->render, stdout);
		break;
	case SPEEDSCOPE:
		render_speedscope(report, &options->render, stdout);
		break;
	case VERDICT:
		print_verdict(report);
		break;
	}
	/* EPIPE: a reader who has closed the pager. */
	if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE)
		return STATUS_OK;
	cli_error(REPORT_VERB, "stdout: %s", strerror(errno));
	return STATUS_USAGE;
}

/* Reads a log or a store, by its name. */
static int read_source(struct report *report, const char *name)
{
	return store_is_uri(name) ? store_read(report, REPORT_VERB, name)
				  : report_read_file(report, REPORT_VERB, name);
}

/* Reads the logs and shows what is in them.  Returns the exit status. */
static int read_and_show(char **names, struct report *report, struct report_options *options)
{
	int status = STATUS_OK;

	options->render.colour = paragraph_has_colour(stdout);
	progress_begin(&report->progress);
	if (options->follow) {
		status = report_follow(report, REPORT_VERB, names, &options->render);
		render_totals(report, stdout);
		return status;
	}
	if (options->store != NULL)
		status = read_source(report, options->store);
	for (; *names != NULL; names++)
		status = exit_status_worse(status, read_source(report, *names));
	bugs_sort(report->bugs);
	if (options->form == TEXT)
		pager_begin();
	status = exit_status_worse(status, show(report, options));
	pager_end();
	return status;
}

/* Returns the exit status of the verb. */
static int report_on(char **names, struct report *report, struct report_options *options)
{
	int status = read_and_show(names, report, options);
	struct completeness complete;

	report_complete(report, &complete);
	if (complete.count > 0)
		status = exit_status_worse(status, STATUS_INCOMPLETE);
	if (report_worst_level(report) >= (int)options->fail_on)
		status = exit_status_worse(status, STATUS_FOUND);
	return status;
}

static int run(int argc, char **argv)
{
	struct report_options options = {.fail_on = LEVEL_COUNT};
	struct suppressions *suppressions = NULL;
	struct report report, baseline;
	int status = read_arguments(argc, argv, &options);

	if (status >= 0)
		return status;
	if (options.suppressions != NULL) {
		suppressions = suppressions_read(REPORT_VERB, options.suppressions);
		if (suppressions == NULL)
			return STATUS_USAGE;
	}
	status = STATUS_OK;
	if (options.baseline != NULL) {
		report_init(&baseline);
		status = read_source(&baseline, options.baseline);
	}
	report_init(&report);
	report.filter = options.filter;
	report.min_connections = options.min_connections;
	report.require_session = options.require_session;
	report.suppressions = suppressions;
	report.baseline = options.baseline != NULL ? &baseline : NULL;
	/* Against an unreadable baseline everything would be new. */
	if (status == STATUS_OK)
		status = report_on(argv + optind, &report, &options);
	report_clear(&report);
	if (options.baseline != NULL)
		report_clear(&baseline);
	if (suppressions != NULL)
		suppressions_free(suppressions);
	return status;
}

const struct verb verb_report = {
	.name = REPORT_VERB,
	.usage = "[OPTION...] FILE|DIRECTORY...|-",
	.summary = "reads logs and shows their bugs, most harmful first",
	.help = "  --stacks             an example of each kind of finding, with all stacks\n"
		"  --bug N|FINGERPRINT  that bug alone\n"
		"  --top N              the first N bugs\n"
		"  --source             source lines around each place, without strings\n"
		"  --follow             go on as the logs grow; ^C ends it with the verdict\n"
		"  -q, --quiet          the verdict alone\n"
		"  -v, --verbose        --stacks, with every frame\n"
		"  --html               one page that needs nothing but a browser\n"
		"  --json               one JSON object instead of text\n"
		"  --sarif              SARIF 2.1.0, for code scanning\n"
		"  --junit              JUnit XML: a test for each bug\n"
		"  --github             annotations of GitHub Actions\n"
		"  --speedscope         the stacks, as a flame graph for speedscope\n"
		"  --db URI             the store of a fleet: postgresql://[USER@]HOST/DATABASE\n\n"
		"  --kind KIND          findings of that kind; may be given again\n"
		"  --peer TEXT          of connections to a peer with TEXT in its address\n"
		"  --pid PID            in which that process has a part\n"
		"  --since TIME         from that time on: 2026-11-24T08:46 (UTC)\n\n"
		"  --fail-on LEVEL      exit status 66 when there is a finding of that level\n"
		"                       (notice, hazard, violation) or a higher one\n"
		"  --min-connections N  exit status 67 when fewer were watched\n"
		"  --require-session    exit status 67 when the start of a session is missing\n"
		"  --baseline OLD       leave out the bugs that OLD, a log or a store's URI, has, "
		"too\n"
		"  --suppressions FILE  leave out what FILE describes\n"
		"  -h, --help           this text\n\n"
		"Packed logs (.gz, .zst) are read in place.  Broken lines are named on stderr,\n"
		"counted and passed over.  Exit status: 0 when all was watched and read; 66 for\n"
		"--fail-on; 67 when nothing was watched or something was missed; 65 when a file "
		"is\nno log; 2 for wrong usage or an unreadable file.\n",
	.run = run,
};
