/* SPDX-License-Identifier: MIT */
/*
 * forksan run: starts CMD with libforksan.so loaded, and prints at CMD's end the findings and the
 * verdict.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "base/verb.h"
#include "run/cmd_run.h"
#include "run/child.h"
#include "run/demands.h"
#include "run/environment.h"
#include "run/session.h"
#include "target/library.h"
#include "run/options.h"
#include "target/target.h"

struct run_arguments {
	struct run_demands demands;
	bool strict;
	bool isolate;
	bool dry_run;
	bool allow_blind;
	char **command;
};

static const struct option longs[] = {
	{"allow-blind", no_argument, NULL, 'b'},
	{"dry-run", no_argument, NULL, 'D'},
	{"help", no_argument, NULL, 'h'},
	{"isolate", no_argument, NULL, 'I'},
	{"strict", no_argument, NULL, 's'},
	RUN_DEMANDS_LONGS,
	{0},
};

/* Fills `arguments` from the command line.  -1: go on; else the exit status. */
static int read_arguments(int argc, char **argv, struct run_arguments *arguments)
{
	bool taken;
	int result;

	opterr = 0;
	/* "+": options behind CMD are CMD's. */
	while ((result = getopt_long(argc, argv, "+:hqso:", longs, NULL)) != -1) {
		if (!run_demands_take(&arguments->demands, result, optarg, &taken))
			return STATUS_USAGE;
		if (taken)
			continue;
		switch (result) {
		case 'b':
			arguments->allow_blind = true;
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
	if (arguments->strict && (arguments->isolate || arguments->dry_run)) {
		cli_error(RUN_VERB, "expected one mode, found --strict and %s",
			  arguments->isolate ? "--isolate" : "--dry-run");
		return STATUS_USAGE;
	}
	if (optind == argc) {
		cli_error(RUN_VERB, "expected a command, found nothing (see forksan run "
				    "--help)");
		return STATUS_USAGE;
	}
	arguments->command = argv + optind;
	arguments->demands.subject = arguments->command[0];
	return -1;
}

static int run(int argc, char **argv)
{
	struct run_arguments arguments = {
		.command = argv, .demands = {.verb = RUN_VERB, .fail_on = LEVEL_VIOLATION}};
	struct run_session session = {.number = 0};
	struct run_wishes wishes;
	struct run_outcome outcome;
	struct library library;
	struct target target;
	char **environment;
	int status, error;

	status = read_arguments(argc, argv, &arguments);
	if (status >= 0)
		return status;
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
	if (!run_session_begin(&session, &arguments.demands))
		return STATUS_USAGE;
	wishes = (struct run_wishes){
		.session = session.name,
		.log_path = session.logged ? session.log.path : NULL,
		.watch = arguments.demands.watch,
		.ignore = arguments.demands.ignore,
		.strict = arguments.strict,
		.isolate = arguments.isolate,
		.dry_run = arguments.dry_run,
	};
	environment = run_environment(library.path, &wishes);
	error = run_child(target.path, arguments.command, environment, NULL, &status);
	run_environment_free(environment);
	if (error != 0) {
		cli_error(RUN_VERB, "%s: %s", target.path, strerror(error));
		run_session_abandon(&session);
		return STATUS_NOT_INSTRUMENTED;
	}
	run_session_end(&session, &arguments.demands, &outcome);
	error = run_session_status(&outcome, &arguments.demands, status);
	if (error != 0)
		return error;
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
		"  --watch LIST       classes to watch: database,cache, or +system,-http\n"
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
		"--fail-on (exitcode= in FORKSAN_OPTIONS sets another); 67 for --require-watched,\n"
		"and where what was found is not known;\n"
		"126 when CMD cannot be executed or forksan cannot be in it; 127 when CMD was not\n"
		"found; 2 for wrong usage.\n",
	.run = run,
};
