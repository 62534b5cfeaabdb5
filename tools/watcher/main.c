/* SPDX-License-Identifier: MIT */
/*
 * forksan-attach: watches processes from outside, and writes what it finds as libforksan.so does.
 * `forksan attach` starts it, with --descriptors alone `forksan scan` (descriptors.h), and with
 * --hooks alone `forksan doctor` (trial.h); it is no command for users.
 *
 *   forksan-attach --control FD [--all] [--child] [PID | +PID]...
 *
 *   FD      a byte is written to it when everything is watched; its end asks for the end
 *   PID     this process, and what it forks from now on; +PID: and what it has forked
 *   --child  the processes are those of a command, which are watched to their end: those that live
 *            on are counted
 *
 * The watch ends with the last process that it follows, too; with --all there is no last one.
 *
 * FORKSAN_OPTIONS holds the session, the log and everything else, as for the library.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "watcher/actor.h"
#include "watcher/actor_interpreter.h"
#include "watcher/connection.h"
#include "watcher/descriptors.h"
#include "watcher/judge.h"
#include "watcher/loader.h"
#include "watcher/mapped.h"
#include "watcher/proc.h"
#include "watcher/strict.h"
#include "watcher/trial.h"
#include "watcher/copied_stack.h"
#include "base/sys.h"
#include "options/options.h"
#include "registry/registry.h"
#include "report/report.h"

#define NS_PER_MS 1000000
#define MAX_WAIT_NS (100 * NS_PER_MS)
#define SWEEP_NS UINT64_C(10000000000)

struct wishes {
	int control;
	bool all;
	bool child;
	char **pids;
};

static bool read_arguments(char **argv, struct wishes *wishes)
{
	*wishes = (struct wishes){.control = -1};
	for (argv++; *argv && (*argv)[0] == '-'; argv++) {
		if (strcmp(*argv, "--all") == 0)
			wishes->all = true;
		else if (strcmp(*argv, "--child") == 0)
			wishes->child = true;
		else if (strcmp(*argv, "--control") == 0 && argv[1])
			wishes->control = atoi(*++argv);
		else
			return false;
	}
	wishes->pids = argv;
	return wishes->control >= 0;
}

/* Loads the kernel's part.  Where that cannot do what the mode asks for, all is reported. */
static bool start_kernel(const struct wishes *wishes)
{
	char line[256];

	report_start();
	options_parse(getenv("FORKSAN_OPTIONS"), report_warn);
	if (!loader_start(wishes->all, options.mode == MODE_STRICT, judge_take)) {
		fprintf(stderr, "forksan attach: %s\n", loader_why_not());
		return false;
	}
	if (options.mode == MODE_ISOLATE) {
		report_warn("isolate mode needs the library in the program: reported, not stopped");
		options.mode = MODE_WARN;
	}
	if (options.mode == MODE_STRICT && loader_why_not_strict()) {
		snprintf(line, sizeof line,
			 "strict mode needs the library in the program, since this kernel has no "
			 "call refused (%s): reported, not stopped",
			 loader_why_not_strict());
		report_warn(line);
		options.mode = MODE_WARN;
	}
	strict_start();
	return true;
}

static void start_session(void)
{
	struct stat stat_buffer;
	bool created = false;

	report_start_log(getenv("OTEL_SERVICE_NAME"), getenv("OTEL_RESOURCE_ATTRIBUTES"));
	if (stat("/proc/self/ns/pid", &stat_buffer) == 0)
		registry_pid_namespace = stat_buffer.st_ino;
	if (registry_join(options.session, REGISTRY_FIND_OR_BEGIN, getpid(), getppid(), &created) !=
	    0) {
		fprintf(stderr, "forksan attach: no memory for the registry\n");
		exit(1);
	}
	store_relaxed(&registry_get()->header.from_outside, 1);
	report_session(registry_get());
	report_speak();
}

/* --- who is watched at the start ----------------------------------------------------------------
 */

/* `asked`: by pid.  The files that such a process has mapped are read now, since it may end right
 * after what it does; of all processes of a machine that would be too many. */
static struct actor *watch(const struct proc_status *status, bool asked)
{
	struct actor *parent = actor_with_pid(status->parent_pid);
	uint32_t number = loader_watch(status->pid, parent ? parent->pid : 0);
	struct actor *actor;

	if (number == 0)
		return NULL;
	/* Uses begin in epoch 1; what parent and child did before counts as from before the fork.
	 */
	actor = actor_born(number, status->pid, parent, 0, (struct stack_id){0});
	if (!actor)
		return NULL;
	actor->parent_pid = status->parent_pid;
	actor->program_since_ns = status->started_ns;
	actor->process.shared->parent_pid = status->parent_pid;
	memcpy(actor->comm, status->comm, sizeof actor->comm);
	memcpy(actor->process.shared->comm, status->comm, sizeof actor->comm);
	if (asked)
		actor->mapped = mapped_read(actor->mapped, actor->pid, 0);
	return actor;
}

static bool is_asked_for(const struct wishes *wishes, const struct proc_status *status)
{
	char text[16];

	snprintf(text, sizeof text, "%d", (int)status->pid);
	for (char **pid = wishes->pids; *pid; pid++)
		if (strcmp(*pid + ((*pid)[0] == '+'), text) == 0)
			return true;
	return false;
}

/* True when an ancestor was asked for with its descendants: `list` has parents before children, so
 * that it is watched already. */
static bool descends(const struct wishes *wishes, const struct proc_status *status)
{
	for (char **pid = wishes->pids; *pid; pid++)
		if ((*pid)[0] == '+')
			return actor_with_pid(status->parent_pid) != NULL;
	return false;
}

/* True for a process of which /proc and its memory say nothing to this user. */
static bool is_hidden(pid_t pid)
{
	char path[32];
	int fd;

	/* Not maps: that CAP_PERFMON may read, since Linux 6.13, but neither descriptors nor
	 * memory. */
	snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES || errno == EPERM;
	close(fd);
	return false;
}

static void say_hidden(void)
{
	if (load_relaxed(&registry_mapping->header.counters[LOST_HIDDEN]) > 0)
		report_warn("this user, who lacks CAP_SYS_PTRACE, may not look at some of the "
			    "processes: where they use a connection is not known, nor that they "
			    "hold one until it is used");
}

/* Processes that are forked meanwhile by one that is not watched yet come up in the next round. */
static bool watch_round(const struct wishes *wishes)
{
	struct proc_status *list;
	bool found = false;
	size_t count;

	list = proc_list(&count);
	for (size_t i = 0; i < count; i++) {
		if (list[i].pid == getpid() || actor_with_pid(list[i].pid) ||
		    !(wishes->all || is_asked_for(wishes, &list[i]) || descends(wishes, &list[i])))
			continue;
		if (!watch(&list[i], !wishes->all))
			continue;
		found = true;
		if (is_hidden(list[i].pid))
			registry_count(LOST_HIDDEN);
	}
	free(list);
	return found;
}

static void look_at_forked(void)
{
	struct actor *actor;

	for (actor = actor_living; actor; actor = actor->next) {
		if (actor->settled)
			continue;
		actor->born_ns = 1; /* long ago */
		judge_look_later(actor);
	}
}

/* --- the end ------------------------------------------------------------------------------------
 */

static void count_losses(void)
{
	uint64_t lost[EVENT_LOST_COUNT];

	loader_losses(lost);
	registry_count_many(LOST_PROCESSES, lost[EVENT_LOST_PROCESS]);
	registry_count_many(LOST_CONNECTIONS, lost[EVENT_LOST_CONNECTION]);
	registry_count_many(LOST_USES, lost[EVENT_LOST_USE]);
	registry_count_many(LOST_STACKS, lost[EVENT_LOST_STACK]);
	registry_count_many(LOST_BYTES, lost[EVENT_LOST_BYTES]);
}

/* Those of a command that live on are counted.  Where records were lost, one may be gone. */
static void let_go(const struct wishes *wishes)
{
	uint64_t lost[EVENT_LOST_COUNT], untold = 0;

	loader_losses(lost);
	for (int i = 0; i < EVENT_LOST_COUNT; i++)
		untold += lost[i];
	while (actor_living) {
		if (wishes->child &&
		    (untold == 0 || loader_is_there(actor_living->pid, actor_living->number)))
			registry_count(LOST_STILL_RUNNING);
		actor_ends(actor_living);
	}
}

/* Written here, so that the log has it also when `forksan attach` was killed.  Without a log that
 * prints what was counted. */
static void write_summary(void)
{
	struct registry *registry = registry_get();

	if (options.log_path[0] == '\0')
		return;
	store_relaxed(&registry->header.summary_written, 1);
	report_summary(registry);
}

/* How long to wait for records: until `next_ns`, and no longer than what else comes now and then.
 */
static int wait_ms(uint64_t next_ns)
{
	uint64_t now = sys_clock_ns(CLOCK_MONOTONIC);

	if (next_ns <= now)
		return 0;
	return next_ns - now < MAX_WAIT_NS ? (int)((next_ns - now) / NS_PER_MS) + 1
					   : MAX_WAIT_NS / NS_PER_MS;
}

/* False also when the end of each was lost. */
static bool any_is_there(void)
{
	const struct actor *actor = actor_living;

	while (actor && !loader_is_there(actor->pid, actor->number))
		actor = actor->next;
	return actor != NULL;
}

static void watch_until_end(const struct wishes *wishes)
{
	uint64_t swept = sys_clock_ns(CLOCK_MONOTONIC), next_look_ns = 0;
	struct pollfd end = {wishes->control, POLLIN, 0}; /* nothing comes but the end */

	while (wishes->all || actor_living) {
		uint64_t now = sys_clock_ns(CLOCK_MONOTONIC);

		loader_poll(wishes->control, wait_ms(next_look_ns));
		judge_look_at_workers();
		next_look_ns = actor_interpreter_look_again();
		if (actor_living) {
			actor_enter(actor_living, lineage_pack(actor_living->process.lineage.self));
			report_heartbeat();
			actor_leave();
		}
		if (now - swept > SWEEP_NS) {
			connection_sweep();
			swept = now;
			if (!wishes->all && !any_is_there())
				return;
		}
		/* Not read: what this process receives passes the kernel's part, which may be
		 * preempted in the middle of a record, and would not be run. */
		if (poll(&end, 1, 0) > 0)
			return;
	}
}

int main(int argc, char **argv)
{
	struct wishes wishes;
	uint64_t until_ns;
	char ready = 'r';

	if (argc == 2 && strcmp(argv[1], "--descriptors") == 0)
		return descriptors_write();
	if (argc == 2 && strcmp(argv[1], "--hooks") == 0)
		return trial_write();
	if (!read_arguments(argv, &wishes)) {
		fprintf(stderr, "forksan-attach: forksan attach starts this program\n");
		return 2;
	}
	/* The terminal's signals are for the command; the control says when to end. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	/* A process may end soon after what it did, and its mapped files with it. */
	setpriority(PRIO_PROCESS, 0, -10);
	if (!start_kernel(&wishes))
		return 1;
	start_session();
	while (watch_round(&wishes))
		continue;
	say_hidden();
	if (!loader_tell_old())
		report_warn("connections from before are not known: the kernel refuses the "
			    "iterator over open files");
	loader_poll(-1, 0);
	look_at_forked();
	store_relaxed(&registry_get()->header.watched_from_ns, sys_clock_ns(CLOCK_REALTIME));
	if (write(wishes.control, &ready, 1) != 1)
		return 1;
	watch_until_end(&wishes);
	until_ns = loader_stop();
	judge_look_at_workers();
	count_losses();
	let_go(&wishes);
	store_relaxed(&registry_get()->header.watched_until_ns, until_ns);
	write_summary();
	return 0;
}
