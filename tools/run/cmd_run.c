/* SPDX-License-Identifier: MIT */
/*
 * forksan run: starts CMD with libforksan.so loaded, and prints at CMD's end the findings and the
 * verdict.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/option_text.h"
#include "base/cli.h"
#include "base/option_value.h"
#include "base/exit_status.h"
#include "base/verb.h"
#include "report/collect.h"
#include "report/files.h"
#include "report/suppressions.h"
#include "run/cmd_run.h"
#include "log/complete.h"
#include "log/counters.h"
#include "log/level.h"
#include "log/verdict.h"
#include "common/session.h"
#include "run/child.h"
#include "run/environment.h"
#include "target/library.h"
#include "run/log.h"
#include "run/options.h"
#include "session/registry.h"
#include "target/target.h"

#define OPTIONS_VARIABLE "FORKSAN_OPTIONS"
#define SUMMARY_PREFIX "forksan: "

struct run_arguments {
	bool strict;
	bool isolate;
	bool dry_run;
	bool allow_blind;
	bool require_watched;
	uint64_t min_connections;
	bool quiet;
	enum level fail_on;
	const char *log_name;
	const char *html_name;
	const char *suppressions_name;
	const char *baseline_name;
	const char *watch;
	const char *ignore;
	char **command;
};

static const struct option longs[] = {
	{"allow-blind", no_argument, NULL, 'b'},
	{"baseline", required_argument, NULL, 'l'},
	{"dry-run", no_argument, NULL, 'D'},
	{"fail-on", required_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},
	{"html", required_argument, NULL, 't'},
	{"ignore", required_argument, NULL, 'i'},
	{"isolate", no_argument, NULL, 'I'},
	{"min-connections", required_argument, NULL, 'm'},
	{"output", required_argument, NULL, 'o'},
	{"quiet", no_argument, NULL, 'q'},
	{"require-watched", no_argument, NULL, 'w'},
	{"strict", no_argument, NULL, 's'},
	{"suppressions", required_argument, NULL, 'u'},
	{"watch", required_argument, NULL, 'c'},
	{0},
};

/* Takes --watch or --ignore.  The library parses both lists, and warns of a bad item. */
static bool take_list(int option, const char *list, struct run_arguments *arguments)
{
	if (!run_options_can_be_value(list)) {
		cli_error(RUN_VERB, "%s: expected a list, found both kinds of quotes in %s",
			  option == 'c' ? "--watch" : "--ignore", list);
		return false;
	}
	if (option == 'c')
		arguments->watch = list;
	else
		arguments->ignore = list;
	return true;
}

/* Fills `arguments` from the command line.  -1: go on; else the exit status. */
static int read_arguments(int argc, char **argv, struct run_arguments *arguments)
{
	int result;

	opterr = 0;
	/* "+": options behind CMD are CMD's. */
	while ((result = getopt_long(argc, argv, "+:hqso:", longs, NULL)) != -1) {
		switch (result) {
		case 'b':
			arguments->allow_blind = true;
			break;
		case 'f':
			if (!level_read(RUN_VERB, optarg, &arguments->fail_on))
				return STATUS_USAGE;
			break;
		case 'w':
			arguments->require_watched = true;
			break;
		case 'c':
		case 'i':
			if (!take_list(result, optarg, arguments))
				return STATUS_USAGE;
			break;
		case 'm':
			if (!cli_number(RUN_VERB, "--min-connections", optarg,
					&arguments->min_connections))
				return STATUS_USAGE;
			arguments->require_watched = true;
			break;
		case 'q':
			arguments->quiet = true;
			break;
		case 'l':
			arguments->baseline_name = optarg;
			break;
		case 't':
			arguments->html_name = optarg;
			break;
		case 'u':
			arguments->suppressions_name = optarg;
			break;
		case 'o':
			arguments->log_name = optarg;
			break;
		case 's':
			arguments->strict = true;
			break;
		case 'I':
			arguments->isolate = true;
			break;
		case 'D':
			arguments->dry_run = true;
			break;
		case 'h':
			cli_print_help(&verb_run);
			return STATUS_OK;
		default:
			return cli_unknown_option(&verb_run, longs, argv, result);
		}
	}
	if (optind == argc) {
		cli_error(RUN_VERB, "expected a command, found nothing (see forksan run "
				    "--help)");
		return STATUS_USAGE;
	}
	arguments->command = argv + optind;
	return -1;
}

static uint64_t new_session(char out[REGISTRY_SESSION_BYTES])
{
	uint64_t number;

	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		number = (uint64_t)time(NULL) << 24;
	/* Until `forksan run` has read the registry, no other session may remove the file. */
	number = session_number_for_waiter(number, getpid());
	session_put_number(out, number);
	return number;
}

/* Returns the exit status for a finding (exitcode= of FORKSAN_OPTIONS), or 0 when the user wants
 * CMD's own. */
static int found_status(void)
{
	char text[16], *end;
	long value;

	if (!option_value(getenv(OPTIONS_VARIABLE), "exitcode", text, sizeof text))
		return STATUS_FOUND;
	value = strtol(text, &end, 10);
	/* The library reads exitcode= as well, and warns of a bad value. */
	return *end == '\0' && end != text && value >= 0 && value <= 255 ? (int)value
									 : STATUS_FOUND;
}

/* True with payload=1: the log will hold bytes of the conversation, so the file must be private
 * from its first moment. */
static bool payload_is_wanted(void)
{
	char text[16];

	return option_value(getenv(OPTIONS_VARIABLE), "payload", text, sizeof text) &&
	       option_text_bool(span_from(text)) == 1;
}

/* The result of the session. */
struct outcome {
	uint64_t found[LEVEL_COUNT];
	struct completeness complete;
};

/* Takes each level's count from the registry, or from the log where the registry has zero: either
 * may be missing. */
static void take_over_counts(struct outcome *outcome, const struct session_registry *registry,
			     const struct run_log_content *content, bool is_choice)
{
	static const enum registry_counter counters[LEVEL_COUNT] = {
		[LEVEL_NOTICE] = COUNT_NOTICES,
		[LEVEL_HAZARD] = COUNT_HAZARDS,
		[LEVEL_VIOLATION] = COUNT_VIOLATIONS,
	};

	for (int level = 0; level < LEVEL_COUNT; level++) {
		uint64_t count = registry->counters[counters[level]];

		/* The registry does not know what is left out. */
		outcome->found[level] = count > 0 && !is_choice ? count : content->found[level];
	}
}

static void report_absence(const char *path, const char *command, bool logged)
{
	char why[SESSION_REGISTRY_WHY_BYTES];

	session_registry_explain_absence(why);
	if (logged)
		cli_error(RUN_VERB, "no registry %s%s: the log is all that is known", path, why);
	else
		cli_error(RUN_VERB,
			  "forksan was not active in %s: nothing was watched (no registry %s%s)",
			  command, path, why);
}

/* Prints the summary, and removes the registry when all processes of the session have ended. */
static void summarize(const struct session_registry *registry, const char *session, bool quiet)
{
	if (!quiet) {
		counters_print(registry->counters, SUMMARY_PREFIX, stderr);
		unwatched_print(&registry->unwatched, SUMMARY_PREFIX, stderr);
	}
	if (registry->alive > 0)
		fprintf(stderr,
			SUMMARY_PREFIX "still running and watched: %zu process%s of session %s\n",
			registry->alive, registry->alive == 1 ? "" : "es", session);
	else
		session_registry_remove(session, registry);
}

/* Prints the result of the session and completes the log (NULL: none).  run() calls this when CMD
 * has ended. */
static void finish(const char *session, uint64_t session_number,
		   const struct run_arguments *arguments, struct run_log *log,
		   const struct run_log_view *view, struct outcome *outcome)
{
	bool is_choice = view->suppressions != NULL || view->baseline != NULL;
	const char *command = arguments->command[0];
	char path[SESSION_REGISTRY_PATH_BYTES];
	struct session_registry registry;
	const char *why = NULL;
	enum session_registry_state state;
	struct run_log_content content = {0};

	memset(outcome, 0, sizeof *outcome);
	session_registry_path(session, path);
	state = session_registry_read(session, &registry, &why);
	if (log != NULL) {
		/* Where processes outlive CMD the last of them writes the session's summary, under
		 * the number that a summary of ours would have now. */
		if (state == SESSION_REGISTRY_READ && !registry.summary_written &&
		    registry.alive == 0)
			run_log_add_summary(log, session, &registry);
		content = run_log_show(log, session_number, view);
	}
	switch (state) {
	case SESSION_REGISTRY_READ:
		summarize(&registry, session, arguments->quiet);
		complete_add_counters(&outcome->complete, registry.counters);
		complete_miss_connections(&outcome->complete, registry.counters[COUNT_CONNECTIONS],
					  arguments->min_connections);
		complete_miss_end(&outcome->complete, registry.alive);
		break;
	case SESSION_REGISTRY_ABSENT:
		report_absence(path, command, content.any);
		complete_miss_registry(&outcome->complete, !content.any);
		break;
	case SESSION_REGISTRY_STRANGE:
		cli_error(RUN_VERB, "cannot read what forksan saw in %s: registry %s: %s", command,
			  path, why);
		complete_miss_registry(&outcome->complete, !content.any);
		break;
	}
	complete_miss_lines(&outcome->complete, content.broken_lines);
	take_over_counts(outcome, &registry, &content, is_choice);
	/* The log identifies the findings of one bug; the registry counts findings alone, also
	 * those that could not be written. */
	if (content.any && (is_choice || registry.counters[LOST_REPORTS] == 0))
		verdict_print(content.bugs, "bug", &outcome->complete, SUMMARY_PREFIX, stderr);
	else
		verdict_print(outcome->found, NULL, &outcome->complete, SUMMARY_PREFIX, stderr);
	complete_print(&outcome->complete, SUMMARY_PREFIX, stderr);
}

/* Returns the exit status that replaces CMD's; 0: CMD's stays. */
static int status_of(const struct outcome *outcome, const struct run_arguments *arguments,
		     int wait_status)
{
	for (int level = (int)arguments->fail_on; level < LEVEL_COUNT; level++)
		if (outcome->found[level] > 0 && found_status() != 0)
			return found_status();
	/* CMD's own failure matters more. */
	if (arguments->require_watched && outcome->complete.count > 0 && wait_status == 0)
		return STATUS_INCOMPLETE;
	return 0;
}

/* Opens what the log is shown with.  False, with a message: something cannot be opened. */
static bool open_view(const struct run_arguments *arguments, struct run_log_view *view,
		      struct report *baseline)
{
	*view = (struct run_log_view){.quiet = arguments->quiet};
	if (arguments->suppressions_name != NULL) {
		view->suppressions = suppressions_read(RUN_VERB, arguments->suppressions_name);
		if (view->suppressions == NULL)
			return false;
	}
	if (arguments->baseline_name != NULL) {
		report_init(baseline);
		if (report_read_file(baseline, RUN_VERB, arguments->baseline_name) != STATUS_OK)
			return false;
		view->baseline = baseline;
	}
	if (arguments->html_name == NULL)
		return true;
	view->html = fopen(arguments->html_name, "we");
	if (view->html == NULL)
		cli_error(RUN_VERB, "%s: %s", arguments->html_name, strerror(errno));
	return view->html != NULL;
}

static void close_view(const struct run_arguments *arguments, struct run_log_view *view,
		       struct report *baseline)
{
	if (view->html != NULL && (ferror(view->html) || fclose(view->html) != 0))
		cli_error(RUN_VERB, "%s: %s", arguments->html_name, strerror(errno));
	if (view->suppressions != NULL)
		suppressions_free(view->suppressions);
	if (view->baseline != NULL)
		report_clear(baseline);
}

/* Opens the log that is asked for, or a temporary one for what is shown of a log.  False, with a
 * message. */
static bool open_log(const struct run_arguments *arguments, const struct run_log_view *view,
		     struct run_log *log, bool *logged)
{
	*logged = true;
	if (arguments->log_name != NULL)
		return run_log_open(log, arguments->log_name, payload_is_wanted());
	*logged = view->html != NULL || view->suppressions != NULL || view->baseline != NULL;
	return !*logged || run_log_open_temporary(log);
}

static int run(int argc, char **argv)
{
	struct run_arguments arguments = {.command = argv, .fail_on = LEVEL_VIOLATION};
	struct run_wishes wishes;
	struct outcome outcome;
	char session[REGISTRY_SESSION_BYTES];
	struct library library;
	struct target target;
	struct run_log_view view;
	struct report baseline;
	struct run_log log;
	char **environment;
	uint64_t number;
	int status, error;
	bool logged;

	status = read_arguments(argc, argv, &arguments);
	if (status >= 0)
		return status;
	if (!run_options_closed(getenv(OPTIONS_VARIABLE))) {
		cli_error(RUN_VERB, OPTIONS_VARIABLE ": expected a closing quote, found %s",
			  getenv(OPTIONS_VARIABLE));
		return STATUS_USAGE;
	}
	if (!library_find(RUN_VERB, &library))
		return STATUS_NOT_INSTRUMENTED;
	status = target_find(RUN_VERB, arguments.command[0], &library, &target);
	if (status != 0)
		return status;
	if (target.blind) {
		cli_error(RUN_VERB, "%s%s", target.reason,
			  arguments.allow_blind ? "; running it without forksan"
						: "; not started (--allow-blind starts it)");
		if (!arguments.allow_blind)
			return STATUS_NOT_INSTRUMENTED;
	}
	if (!open_view(&arguments, &view, &baseline) || !open_log(&arguments, &view, &log, &logged))
		return STATUS_USAGE;
	number = new_session(session);
	wishes = (struct run_wishes){
		.session = session,
		.log_path = logged ? log.path : NULL,
		.watch = arguments.watch,
		.ignore = arguments.ignore,
		.strict = arguments.strict,
		.isolate = arguments.isolate,
		.dry_run = arguments.dry_run,
	};
	environment = run_environment(library.path, &wishes);
	error = run_child(target.path, arguments.command, environment, &status);
	run_environment_free(environment);
	if (error != 0) {
		cli_error(RUN_VERB, "%s: %s", target.path, strerror(error));
		if (logged)
			run_log_close(&log);
		return STATUS_NOT_INSTRUMENTED;
	}
	finish(session, number, &arguments, logged ? &log : NULL, &view, &outcome);
	if (logged)
		run_log_close(&log);
	close_view(&arguments, &view, &baseline);
	if (status_of(&outcome, &arguments, status) != 0)
		return status_of(&outcome, &arguments, status);
	run_child_repeat(status);
}

const struct verb verb_run = {
	.name = RUN_VERB,
	.usage = "[OPTION...] [--] CMD [ARGUMENT...]",
	.summary = "runs a program and says which connections its processes share",
	.help = "  -s, --strict       abort a process before it does what would be a violation\n"
		"  -o, --output FILE  append the findings to FILE (JSON Lines), and show them as "
		"text\n"
		"                     at the end; without it they are shown when they happen\n"
		"  --isolate          give a process that is about to break the rule a closed\n"
		"                     connection instead of the shared one\n"
		"  --dry-run          --isolate that says what it would do, and does nothing\n"
		"  --html FILE        write one page for a browser to FILE (forksan report "
		"--html)\n"
		"  -q, --quiet        no summary but the verdict\n"
		"  --watch LIST       classes to watch: database,cache, or +other,-http\n"
		"  --ignore LIST      connections not to watch: classes, protocols, ports, "
		"addresses\n"
		"  --fail-on LEVEL    exit status 66 when there was a finding of that level "
		"(notice,\n"
		"                     hazard, violation) or a higher one; violation without it\n"
		"  --require-watched  exit status 67 instead of 0 when nothing was watched or\n"
		"                     something was missed\n"
		"  --min-connections N  --require-watched, and at least N connections\n"
		"  --baseline OLD     leave out the bugs that the log OLD has, too\n"
		"  --suppressions FILE  leave out what FILE describes (forksan suppress)\n"
		"                     Each of these three shows the findings at the end\n"
		"  --allow-blind      start CMD even where forksan cannot be in it (statically\n"
		"                     linked, set-user-ID, another libc or machine)\n"
		"  -h, --help         this text\n\n"
		"FORKSAN_OPTIONS holds further options, see forksan(7).  Exit status: CMD's; 66 "
		"for\n"
		"--fail-on (exitcode= in FORKSAN_OPTIONS sets another); 67 for --require-watched;\n"
		"126 when CMD cannot be executed or forksan cannot be in it; 127 when CMD was not\n"
		"found; 2 for wrong usage.\n",
	.run = run,
};
