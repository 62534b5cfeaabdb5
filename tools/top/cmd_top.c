/* SPDX-License-Identifier: MIT */
/*
 * forksan top: a session while it runs: its connections by holders, its findings, what it missed.
 */
#include "top/cmd_top.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "base/verb.h"
#include "common/names.h"
#include "log/level.h"
#include "session/list.h"
#include "top/screen.h"
#include "top/show.h"

#define TOP_VERB "top"

struct top_options {
	const char *session; /* the beginning of its name; NULL: not given */
	pid_t pid;	     /* of a process of the session; 0: not given */
	bool once;
	bool json;
	bool list;
	double interval_seconds;
	enum level fail_on; /* LEVEL_COUNT: never */
};

static const struct option longs[] = {
	{"fail-on", required_argument, NULL, 'f'},  {"help", no_argument, NULL, 'h'},
	{"interval", required_argument, NULL, 'i'}, {"json", no_argument, NULL, 'j'},
	{"list", no_argument, NULL, 'l'},	    {"once", no_argument, NULL, 'o'},
	{"pid", required_argument, NULL, 'p'},	    {0},
};

static bool read_interval(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end != text && *end == '\0' && *seconds >= 0.1 && *seconds <= 3600)
		return true;
	cli_error(TOP_VERB, "--interval: expected seconds from 0.1 to 3600, found %s", text);
	return false;
}

static int read_options(int argc, char **argv, struct top_options *options)
{
	uint64_t number;
	int result;

	opterr = 0;
	while ((result = getopt_long(argc, argv, ":hi:jlop:", longs, NULL)) != -1) {
		switch (result) {
		case 'f':
			if (!level_read(TOP_VERB, optarg, &options->fail_on))
				return STATUS_USAGE;
			options->once = true;
			break;
		case 'i':
			if (!read_interval(optarg, &options->interval_seconds))
				return STATUS_USAGE;
			break;
		case 'j':
			options->json = options->once = true;
			break;
		case 'l':
			options->list = true;
			break;
		case 'o':
			options->once = true;
			break;
		case 'p':
			if (!cli_number(TOP_VERB, "--pid", optarg, &number))
				return STATUS_USAGE;
			options->pid = number <= INT32_MAX ? (pid_t)number : INT32_MAX;
			break;
		case 'h':
			cli_print_help(&verb_top);
			return STATUS_OK;
		default:
			return cli_unknown_option(&verb_top, longs, argv, result);
		}
	}
	if (optind + 1 < argc || (optind < argc && options->pid != 0)) {
		cli_error(TOP_VERB, "expected one session, found %s", argv[argc - 1]);
		return STATUS_USAGE;
	}
	options->session = argv[optind];
	return -1;
}

/* True for a session that the options mean.  A process that is watched from outside may be a member
 * of another session, and that one is meant. */
static bool is_meant(const struct session_listed *session, const struct top_options *options,
		     bool from_outside)
{
	if (options->session != NULL)
		return strncmp(session->name, options->session, strlen(options->session)) == 0;
	if (options->pid != 0)
		return session->registry.from_outside == from_outside &&
		       session_has_process(session, options->pid);
	return session->registry.alive > 0;
}

/* Returns how many sessions are meant, and sets *chosen to the first. */
static size_t find_meant(const struct session_listed *sessions, size_t count,
			 const struct top_options *options, bool from_outside,
			 const struct session_listed **chosen)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		if (is_meant(&sessions[i], options, from_outside) && found++ == 0)
			*chosen = &sessions[i];
	return found;
}

/* The one session that is meant; NULL, with a message or a list, when there is none or several. */
static const struct session_listed *choose(const struct session_listed *sessions, size_t count,
					   const struct top_options *options)
{
	const struct session_listed *chosen = NULL;
	size_t found = find_meant(sessions, count, options, false, &chosen);

	if (found == 0)
		found = find_meant(sessions, count, options, true, &chosen);
	if (found == 1)
		return chosen;
	if (found > 1) {
		cli_error(TOP_VERB,
			  "%zu sessions are meant; name one, or a process (-p PID):", found);
		top_show_list(sessions, count, stderr);
	} else if (options->pid != 0) {
		cli_error(TOP_VERB, "process %d is in no session that this user may read",
			  options->pid);
	} else if (options->session != NULL) {
		cli_error(TOP_VERB, "there is no session %s%s", options->session,
			  geteuid() != 0 ? " of this user" : "");
	} else {
		cli_error(TOP_VERB, "no session%s runs; forksan run starts one",
			  geteuid() != 0 ? " of this user" : "");
	}
	return NULL;
}

static bool missed_anything(const struct session_registry *totals)
{
	for (int i = 0; i < COUNTER_COUNT; i++)
		if (counter_voids_silence((enum registry_counter)i) && totals->counters[i] > 0)
			return true;
	return totals->counters[COUNT_CONNECTIONS] == 0;
}

static int status_of(const struct session_registry *totals, enum level fail_on)
{
	static const enum registry_counter levels[LEVEL_COUNT] = {
		[LEVEL_NOTICE] = COUNT_NOTICES,
		[LEVEL_HAZARD] = COUNT_HAZARDS,
		[LEVEL_VIOLATION] = COUNT_VIOLATIONS,
	};

	for (int level = (int)fail_on; level < LEVEL_COUNT; level++)
		if (totals->counters[levels[level]] > 0)
			return STATUS_FOUND;
	return fail_on != LEVEL_COUNT && missed_anything(totals) ? STATUS_INCOMPLETE : STATUS_OK;
}

static int look_once(const struct session_listed *session, const struct top_options *options)
{
	struct session_view view;
	struct top_look look = {.view = &view, .session = session->name, .uid = session->uid};
	const char *why = "it has ended";
	enum session_registry_state state =
		session_view_take(session->uid, session->name, &view, &why);
	int status;

	if (state != SESSION_REGISTRY_READ) {
		cli_error(TOP_VERB, "%s: %s", session->name, why);
		session_view_free(&view);
		return state == SESSION_REGISTRY_STRANGE ? STATUS_NO_LOG : STATUS_USAGE;
	}
	if (options->json) {
		top_show_json(&look, stdout);
	} else {
		top_show_totals(&look, stdout);
		if (view.connection_count > 0) {
			fputc('\n', stdout);
			top_show_columns(&look, stdout);
			fputc('\n', stdout);
		}
		top_show_connections(&look, stdout);
	}
	status = status_of(&view.totals, options->fail_on);
	session_view_free(&view);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		cli_error(TOP_VERB, "stdout: %s", strerror(errno));
		return STATUS_USAGE;
	}
	return status;
}

static int run(int argc, char **argv)
{
	struct top_options options = {.interval_seconds = 2, .fail_on = LEVEL_COUNT};
	struct session_listed *sessions;
	const struct session_listed *chosen;
	int status = read_options(argc, argv, &options);
	size_t count;

	if (status >= 0)
		return status;
	count = session_list(&sessions);
	if (options.list) {
		top_show_list(sessions, count, stdout);
		free(sessions);
		return STATUS_OK;
	}
	chosen = choose(sessions, count, &options);
	if (chosen == NULL)
		status = STATUS_USAGE;
	else if (options.once || !isatty(STDOUT_FILENO))
		status = look_once(chosen, &options);
	else
		status = top_screen(chosen->uid, chosen->name, options.interval_seconds);
	free(sessions);
	return status;
}

const struct verb verb_top = {
	.name = TOP_VERB,
	.usage = "[OPTION...] [SESSION | -p PID]",
	.summary = "shows a session while it runs: connections by holders, findings, losses",
	.help = "  SESSION            the beginning of its name; without it the one that runs\n"
		"  -p, --pid PID      the session of that process, or the forksan attach that "
		"watches "
		"it\n"
		"  -l, --list         list the sessions of this user (of everybody, as root)\n"
		"  -o, --once         print one look; so without a terminal\n"
		"  -j, --json         one look as a JSON object\n"
		"  -i, --interval SECONDS  look again every so many seconds (2)\n"
		"      --fail-on LEVEL  one look; exit status 66 when there was a finding of that "
		"level\n"
		"                     (notice, hazard, violation) or a higher one, 67 when none "
		"but\n"
		"                     something was missed or nothing watched\n"
		"  -h, --help         this text\n\n"
		"Keys: q leaves, space pauses, up and down scroll.  Exit status: 0; 66 and 67 for\n"
		"--fail-on; 65 when the registry is spoilt; 2 for wrong usage or no such "
		"session.\n",
	.run = run,
};
