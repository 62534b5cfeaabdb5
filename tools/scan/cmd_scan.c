/* SPDX-License-Identifier: MIT */
/*
 * forksan scan: which connections several processes hold open now, without a restart.
 */
#include "scan/cmd_scan.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cli.h"
#include "base/escape.h"
#include "base/exit_status.h"
#include "base/plural.h"
#include "base/verb.h"
#include "log/level.h"
#include "scan/server.h"
#include "scan/show.h"
#include "scan/verdict.h"

#define SCAN_VERB "scan"

struct scan_options {
	struct scan_scope scope;
	bool json;
	bool by_proc; /* --no-bpf */
	enum scan_stacks stacks;
	double watch_seconds;  /* 0: one look */
	enum level fail_on;    /* LEVEL_COUNT: never */
	struct server *server; /* to ask; NULL: none */
};

static const struct option longs[] = {
	{"all", no_argument, NULL, 'a'},	  {"fail-on", required_argument, NULL, 'f'},
	{"help", no_argument, NULL, 'h'},	  {"json", no_argument, NULL, 'j'},
	{"no-bpf", no_argument, NULL, 'B'},	  {"pid", required_argument, NULL, 'p'},
	{"server", required_argument, NULL, 's'}, {"stacks", no_argument, NULL, 'S'},
	{"stop", no_argument, NULL, 'P'},	  {"tree", required_argument, NULL, 't'},
	{"watch", required_argument, NULL, 'w'},  {0},
};

static volatile sig_atomic_t stopped;

static void stop(int number)
{
	(void)number;
	stopped = 1;
}

static bool read_pid(const char *option, const char *text, pid_t *pid)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (end != text && *end == '\0' && errno == 0 && value > 0 && value <= INT32_MAX) {
		*pid = (pid_t)value;
		return true;
	}
	cli_error(SCAN_VERB, "%s: expected a process's number, found %s", option, text);
	return false;
}

/* `forksan scan 4711`, `forksan scan gunicorn`: the process or those of that name, and their
 * descendants.  The kernel keeps 15 bytes of a name. */
static bool read_subject(const char *text, struct scan_options *options)
{
	static char name[16];

	options->scope.with_children = true;
	if (text[0] >= '0' && text[0] <= '9')
		return read_pid("PID", text, &options->scope.pid);
	snprintf(name, sizeof name, "%s", text);
	options->scope.name = name;
	return name[0] != '\0';
}

static bool read_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (end != text && *end == '\0' && *seconds >= 0.1 && *seconds <= 86400)
		return true;
	cli_error(SCAN_VERB, "--watch: expected seconds from 0.1 to 86400, found %s", text);
	return false;
}

/* True when this user could see every process that can hold a connection, or wait on one. */
static bool saw_all(const struct snapshot *snapshot)
{
	return snapshot->processes_denied == 0 && snapshot->namespaces_denied == 0 &&
	       snapshot->waits_denied == 0;
}

/* Says on stderr what the server could not be asked; the look goes on without. */
static void ask_server(struct server *server, struct snapshot *snapshot)
{
	char why[512], escaped[ESCAPED_BYTES(sizeof why)];
	size_t strangers;

	if (!server_ask(server, why, sizeof why)) {
		escape_text(why, escaped, sizeof escaped);
		cli_error(SCAN_VERB, "--server: %s", escaped);
		return;
	}
	strangers = server_match(server, snapshot);
	if (strangers > 0)
		cli_error(
			SCAN_VERB,
			"--server: %zu shared connection%s to its port %s not in its list: a proxy "
			"or pooler between, another server, or over meanwhile",
			strangers, plural(strangers), strangers == 1 ? "is" : "are");
}

/* Says on stderr which of the processes that were asked for this user may not look at: that nothing
 * is found there means nothing. */
static void say_denied(const struct snapshot *snapshot)
{
	const struct scan_process *process, *first = NULL;
	size_t count = 0;

	for (process = snapshot->processes; process != NULL; process = process->hh.next) {
		if (!process->in_scope || !process->denied)
			continue;
		first = first != NULL ? first : process;
		count++;
	}
	if (count > 0)
		cli_error(SCAN_VERB,
			  "process %d%s may not be looked at by this user: what it holds is not "
			  "seen; root may",
			  (int)first->pid, count > 1 ? " and others asked for" : "");
}

/* Takes one snapshot and prints the result.  Returns an enum exit_status. */
static int look(const struct scan_options *options)
{
	struct snapshot snapshot;
	const struct scan_socket **order;
	size_t count;
	int result = snapshot_take(&snapshot, &options->scope, options->by_proc, options->stacks);
	int status = STATUS_OK;

	if (result == -ESRCH && options->scope.name != NULL)
		cli_error(SCAN_VERB, "there is no process named %s", options->scope.name);
	else if (result == -ESRCH)
		cli_error(SCAN_VERB, "there is no process %d", options->scope.pid);
	else if (result != 0)
		cli_error(SCAN_VERB, "/proc: %s", strerror(-result));
	if (result != 0) {
		snapshot_free(&snapshot);
		return STATUS_USAGE;
	}
	if (options->scope.pid != 0 || options->scope.name != NULL)
		say_denied(&snapshot);
	if (options->server != NULL)
		ask_server(options->server, &snapshot);
	if (options->json)
		show_json(&snapshot, stdout);
	else
		show_text(&snapshot, stdout);
	order = show_order(&snapshot, &count);
	if (count > 0 && verdict_level(order[0]) >= options->fail_on)
		status = STATUS_FOUND;
	else if (options->fail_on != LEVEL_COUNT && !saw_all(&snapshot))
		status = STATUS_INCOMPLETE;
	free(order);
	snapshot_free(&snapshot);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		cli_error(SCAN_VERB, "stdout: %s", strerror(errno));
		return STATUS_USAGE;
	}
	return status;
}

/* Calls look() until SIGINT, SIGTERM or STATUS_USAGE, which means that stdout or the process asked
 * for is gone.  Returns the worst status. */
static int watch(const struct scan_options *options)
{
	struct timespec pause = {.tv_sec = (time_t)options->watch_seconds};
	struct sigaction action = {.sa_handler = stop};
	int worst = STATUS_OK;

	pause.tv_nsec = (long)((options->watch_seconds - (double)pause.tv_sec) * 1e9);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	while (!stopped) {
		int status = look(options);

		if (status == STATUS_USAGE)
			return status;
		if (worst != STATUS_FOUND && status != STATUS_OK)
			worst = status;
		if (!stopped)
			nanosleep(&pause, NULL);
	}
	return worst;
}

static int run(int argc, char **argv)
{
	struct scan_options options = {.fail_on = LEVEL_COUNT};
	const char *why;
	int result;

	opterr = 0;
	while ((result = getopt_long(argc, argv, ":hp:", longs, NULL)) != -1) {
		switch (result) {
		case 'a':
			options.scope = (struct scan_scope){0};
			break;
		case 'B':
			options.by_proc = true;
			break;
		case 'f':
			if (!level_read(SCAN_VERB, optarg, &options.fail_on))
				return STATUS_USAGE;
			break;
		case 'j':
			options.json = true;
			break;
		case 'p':
		case 't':
			options.scope.with_children = result == 't';
			if (!read_pid(result == 't' ? "--tree" : "--pid", optarg,
				      &options.scope.pid))
				return STATUS_USAGE;
			break;
		case 's':
			server_free(options.server);
			options.server = server_read_url(optarg, &why);
			if (options.server == NULL) {
				cli_error(SCAN_VERB, "--server: %s", why);
				return STATUS_USAGE;
			}
			break;
		case 'S':
			if (options.stacks == SCAN_NO_STACKS)
				options.stacks = SCAN_STACKS;
			break;
		case 'P':
			options.stacks = SCAN_STACKS_STOPPED;
			break;
		case 'w':
			if (!read_seconds(optarg, &options.watch_seconds))
				return STATUS_USAGE;
			break;
		case 'h':
			cli_print_help(&verb_scan);
			return STATUS_OK;
		default:
			return cli_unknown_option(&verb_scan, longs, argv, result);
		}
	}
	if (optind + 1 < argc ||
	    (optind < argc && (options.scope.pid != 0 || !read_subject(argv[optind], &options)))) {
		cli_error(SCAN_VERB, "expected one process, found %s", argv[argc - 1]);
		return STATUS_USAGE;
	}
	result = options.watch_seconds > 0 ? watch(&options) : look(&options);
	server_free(options.server);
	return result;
}

const struct verb verb_scan = {
	.name = SCAN_VERB,
	.usage = "[OPTION...] [PID | NAME | -p PID | --tree PID | --all]",
	.summary = "shows connections that several processes hold open now; no restart, no preload",
	.help = "  PID, NAME            the process, or those of that name, and their descendants\n"
		"  -p, --pid PID        connections that PID holds, and who holds them too\n"
		"      --tree PID       the same for PID and its descendants; so is PID alone\n"
		"      --all            of all processes (default)\n"
		"      --watch SECONDS  look again every so many seconds, until a signal\n"
		"      --stacks         where each holder is: the thread that waits, else its "
		"first one\n"
		"      --stop           --stacks, of running threads too: each is stopped for a "
		"moment,\n"
		"                       which interrupts calls such as epoll_wait()\n"
		"      --server URL     ask the server for its side of each connection: mysql://,\n"
		"                       postgresql:// or redis://USER:PASSWORD@HOST:PORT/DATABASE\n"
		"      --no-bpf         read /proc alone, though the kernel could list descriptors "
		"faster\n"
		"      --json           JSON Lines: a record for each connection, then what was "
		"seen\n"
		"      --fail-on LEVEL  exit status 66 at notice (held), hazard (one waits on it) "
		"or\n"
		"                       violation (several wait on it), 67 when something was "
		"hidden\n"
		"  -h, --help           this text\n",
	.run = run,
};
