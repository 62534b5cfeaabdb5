/* SPDX-License-Identifier: MIT */
/*
 * forksan attach: has forksan-attach watch processes from outside, by the kernel's tracepoints, and
 * prints at the end the findings and the verdict as `forksan run` does.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "base/now.h"
#include "base/verb.h"
#include "run/child.h"
#include "attach/cmd_attach.h"
#include "run/demands.h"
#include "run/options.h"
#include "run/session.h"
#include "attach/watcher.h"
#include "target/library.h"
#include "target/target.h"

#define MAX_PROCESSES 32
#define NS_PER_MS 1000000

/* What CMD has left and ends by itself has mostly ended by then. */
#define PATIENCE_MS 1000

struct attach_arguments {
	struct run_demands demands;
	bool all;
	uint64_t seconds; /* after CMD's end; 0: until ^C, or the end of all that is watched */
	/* For the watcher: "PID" or "+PID", and "--all" or "--child"; ends with NULL. */
	char *watched[MAX_PROCESSES + 2];
	pid_t pids[MAX_PROCESSES];
	int count;
	char **command;	   /* NULL: processes that run already */
	uint64_t began_ms; /* when the watch began, of now_ms() */
};

static const struct option longs[] = {
	{"all", no_argument, NULL, 'a'},
	{"help", no_argument, NULL, 'h'},
	{"pid", required_argument, NULL, 'p'},
	{"seconds", required_argument, NULL, 's'},
	{"tree", required_argument, NULL, 'T'},
	RUN_DEMANDS_LONGS,
	{0},
};

/* False, with a message: nothing is to be watched there. */
static bool is_there(const char *option, pid_t pid)
{
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	bool is_none = end.fd < 0 && (errno == ESRCH || errno == EINVAL || errno == ENOENT);
	bool is_zombie = end.fd >= 0 && poll(&end, 1, 0) > 0;

	if (end.fd >= 0)
		close(end.fd);
	if (is_none)
		cli_error("attach", "%s: no process has the number %s", option, optarg);
	if (is_zombie)
		cli_error("attach", "%s: %s has ended, and waits for its parent to notice", option,
			  optarg);
	return !is_none && !is_zombie;
}

static bool take_process(struct attach_arguments *arguments, const char *option, bool tree)
{
	char *word;
	uint64_t pid;

	if (!cli_number("attach", option, optarg, &pid))
		return false;
	if (!is_there(option, pid > INT32_MAX ? 0 : (pid_t)pid))
		return false;
	if (arguments->count == MAX_PROCESSES) {
		cli_error("attach", "expected at most %d processes", MAX_PROCESSES);
		return false;
	}
	if (asprintf(&word, "%s%d", tree ? "+" : "", (int)pid) < 0)
		cli_no_memory();
	arguments->pids[arguments->count] = (pid_t)pid;
	arguments->watched[arguments->count++] = word;
	return true;
}

/* False, with a message: the option's argument is wrong. */
static bool take_option(int option, struct attach_arguments *arguments)
{
	bool taken;

	switch (option) {
	case 'a':
		arguments->all = true;
		return true;
	case 'p':
		return take_process(arguments, "--pid", false);
	case 's':
		return cli_number("attach", "--seconds", optarg, &arguments->seconds);
	case 'T':
		return take_process(arguments, "--tree", true);
	default:
		return run_demands_take(&arguments->demands, option, optarg, &taken);
	}
}

static int read_arguments(int argc, char **argv, struct attach_arguments *arguments)
{
	int option;
	bool named;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:hqo:p:", longs, NULL)) != -1) {
		if (option == 'h') {
			cli_print_help(&verb_attach);
			return STATUS_OK;
		}
		if (option == '?' || option == ':')
			return cli_unknown_option(&verb_attach, longs, argv, option);
		if (!take_option(option, arguments))
			return STATUS_USAGE;
	}
	named = arguments->all || arguments->count > 0;
	if (named == (optind < argc)) {
		cli_error("attach", "expected %s (see forksan attach --help)",
			  named ? "either processes or a command, found both"
				: "-p PID, --tree PID, --all or a command, found nothing");
		return STATUS_USAGE;
	}
	if (optind < argc)
		arguments->command = argv + optind;
	arguments->demands.subject = arguments->command ? arguments->command[0] : "the processes";
	return -1;
}

/* --- how long ------------------------------------------------------------------------------------
 */

static sigset_t awaited;

/* From here on the signals that end the watch wait for goes_on(). */
static void block_signals(void)
{
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGINT);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGHUP);
	sigaddset(&awaited, SIGCHLD); /* the watcher has ended */
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	/* Some callers leave it ignored, and then nobody learns how the watcher ended. */
	signal(SIGCHLD, SIG_DFL);
}

/* Waits until `end_ms` of now_ms(); 0: for ever.  False: a signal came, or the watcher has ended,
 * as it does with the last process that it follows. */
static bool goes_on(const struct watcher *watcher, uint64_t end_ms)
{
	const struct timespec pause = {0, 200 * NS_PER_MS};
	int taken;

	while (watcher_runs(watcher)) {
		if (end_ms != 0 && now_ms() >= end_ms)
			return true;
		taken = sigtimedwait(&awaited, NULL, &pause);
		if (taken > 0 && taken != SIGCHLD)
			return false;
	}
	return false;
}

static uint64_t end_of_watch(const struct attach_arguments *arguments)
{
	return arguments->seconds == 0 ? 0 : now_ms() + arguments->seconds * 1000;
}

/* --- processes that run already ------------------------------------------------------------------
 */

/* How many processes one of its threads has forked and are not asked for (proc(5), .../children).
 */
static int count_others(const struct attach_arguments *arguments, pid_t pid, const char *tid)
{
	char path[64];
	int count = 0, child;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)pid, tid);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &child) == 1) {
		bool asked_for = false;

		for (int i = 0; i < arguments->count; i++)
			asked_for |= arguments->pids[i] == child;
		count += !asked_for;
	}
	if (file)
		fclose(file);
	return count;
}

/* A master alone is rarely what is meant: its workers use the connections. */
static void say_unwatched_children(const struct attach_arguments *arguments, pid_t pid)
{
	char path[32];
	const struct dirent *thread;
	int count = 0;
	DIR *threads;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	threads = opendir(path);
	while (threads && (thread = readdir(threads)) != NULL)
		count += count_others(arguments, pid, thread->d_name);
	if (threads)
		closedir(threads);
	if (count > 0)
		fprintf(stderr,
			"forksan: not watched: %d process%s that %d has forked before; --tree %d "
			"watches them, too\n",
			count, count == 1 ? "" : "es", (int)pid, (int)pid);
}

/* --- a command
 * ------------------------------------------------------------------------------------ */

struct start {
	struct watcher *watcher;
	struct attach_arguments *arguments;
	const char *options;
};

static bool start_watching(pid_t pid, void *context)
{
	const struct start *start = context;
	char word[16];
	char *watched[] = {(char *)(uintptr_t) "--child", word, NULL};

	snprintf(word, sizeof word, "%d", (int)pid);
	if (!watcher_start(start->watcher, watched, start->options))
		return false;
	start->arguments->began_ms = now_ms();
	return true;
}

/* CMD has ended.  What it has left is watched on, which may be for ever: that is said.  A signal
 * that ended CMD was meant to end the watch, too. */
static void wait_for_others(const struct start *start, int wait_status)
{
	uint64_t end_ms = end_of_watch(start->arguments);

	block_signals();
	if (!goes_on(start->watcher, now_ms() + PATIENCE_MS) || WIFSIGNALED(wait_status))
		return;
	fprintf(stderr,
		"forksan: %s has ended; what it has started is watched until that ends, too "
		"(^C ends the watch)\n",
		start->arguments->command[0]);
	goes_on(start->watcher, end_ms);
}

/* Returns the errno of run_child(), or of finding the program a status. */
static int run_command(const struct start *start, int *wait_status, int *status)
{
	struct run_child_gate gate = {start_watching, (void *)(uintptr_t)start};
	const struct library no_library = {.path = ""};
	struct target target;
	int error;

	*status = target_find("attach", start->arguments->command[0], &no_library, &target);
	if (*status != 0)
		return 0;
	error = run_child(target.path, start->arguments->command, environ, &gate, wait_status);
	if (error == 0)
		wait_for_others(start, *wait_status);
	return error;
}

/* --- the verb
 * ------------------------------------------------------------------------------------- */

/* `ended`: the time of day; loading the kernel's part and the report's time do not count. */
static void print_time(uint64_t watched_ms, time_t ended)
{
	char text[32];
	struct tm utc;

	gmtime_r(&ended, &utc);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
	fprintf(stderr, "forksan: attached for %.1f s, until %s\n", (double)watched_ms / 1000,
		text);
}

/* Watches until the end.  Returns the exit status that tells why nothing was watched, or 0. */
static int watch(const struct start *start, int *wait_status)
{
	struct attach_arguments *arguments = start->arguments;
	int status = 0, error;

	if (arguments->command) {
		error = run_command(start, wait_status, &status);
		if (error != 0 && error != ECANCELED)
			cli_error("attach", "%s: %s", arguments->command[0], strerror(error));
		return error != 0 ? STATUS_NOT_INSTRUMENTED : status;
	}
	block_signals();
	if (arguments->all)
		arguments->watched[arguments->count] = (char *)(uintptr_t) "--all";
	if (!watcher_start(start->watcher, arguments->watched, start->options))
		return STATUS_NOT_INSTRUMENTED;
	arguments->began_ms = now_ms();
	if (!arguments->demands.quiet)
		fputs("forksan: attached; ^C ends\n", stderr);
	for (int i = 0; i < arguments->count && !arguments->all; i++)
		if (arguments->watched[i][0] != '+' && !arguments->demands.quiet)
			say_unwatched_children(arguments, arguments->pids[i]);
	goes_on(start->watcher, end_of_watch(arguments));
	return 0;
}

static int attach(int argc, char **argv)
{
	struct attach_arguments arguments = {
		.demands = {.verb = "attach", .is_last = true, .fail_on = LEVEL_VIOLATION}};
	struct run_session session = {.number = 0};
	struct watcher watcher = {.pid = 0};
	struct run_outcome outcome;
	struct run_wishes wishes;
	struct start start;
	int status, wait_status = 0;
	uint64_t watched_ms;
	time_t ended;
	bool complete;
	char *options;

	status = read_arguments(argc, argv, &arguments);
	if (status >= 0)
		return status;
	if (!watcher_find(&watcher))
		return STATUS_NOT_INSTRUMENTED;
	if (!run_session_begin(&session, &arguments.demands))
		return STATUS_USAGE;
	wishes = (struct run_wishes){
		.session = session.name,
		.log_path = session.logged ? session.log.path : NULL,
		.watch = arguments.demands.watch,
		.ignore = arguments.demands.ignore,
	};
	options = run_options_add(getenv(OPTIONS_VARIABLE), &wishes);
	start = (struct start){&watcher, &arguments, options};
	status = watch(&start, &wait_status);
	free(options);
	if (status != 0) {
		run_session_abandon(&session);
		return status;
	}
	watched_ms = now_ms() - arguments.began_ms;
	ended = time(NULL);
	complete = watcher_stop(&watcher);
	run_session_end(&session, &arguments.demands, &outcome);
	if (!complete)
		cli_error("attach", "%s ended before its time: what came then was not seen",
			  watcher.path);
	if (!arguments.demands.quiet)
		print_time(watched_ms, ended);
	status = run_session_status(&outcome, &arguments.demands, wait_status);
	if (status == 0 && !complete)
		status = STATUS_INCOMPLETE;
	if (status != 0)
		return status;
	if (arguments.command)
		run_child_repeat(wait_status);
	return STATUS_OK;
}

const struct verb verb_attach = {
	.name = "attach",
	.usage = "[OPTION...] (-p PID | --tree PID | --all | [--] CMD [ARGUMENT...])",
	.summary = "watches what runs already, static and Go programs too, by the kernel (eBPF)",
	.help = "  -p, --pid PID      the process, and what it forks from now on\n"
		"      --tree PID     the process and its descendants\n"
		"      --all          every process of the machine\n"
		"      --seconds N    end after N seconds, or so long after CMD; else at ^C, or "
		"when\n"
		"                     all processes that are watched have ended\n"
		"  -o, --output FILE  append the findings to FILE (JSON Lines), and show them as "
		"text\n"
		"                     at the end; without it they are shown when they happen\n"
		"      --html FILE    write one page for a browser to FILE (forksan report "
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
		"  -h, --help         this text\n\n"
		"It needs the capabilities CAP_BPF and CAP_PERFMON, as root has them, and Linux "
		"6.1.\n"
		"Exit status: CMD's, or 0; 66 for --fail-on; 67 for --require-watched; 126 when "
		"CMD\n"
		"cannot be executed or the kernel refuses; 127 when CMD was not found; 2 for "
		"wrong\nusage.\n",
	.run = attach,
};
