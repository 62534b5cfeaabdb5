/* SPDX-License-Identifier: MIT */
/*
 * Constructor and destructor.
 *
 * Start: read FORKSAN_OPTIONS, watch for forks inside libc.  Libc's functions are found when the
 * first of them is called, or the session is joined: many small programs do neither.
 *
 * Most programs never connect to anything: a start must cost them nothing, and leave nothing
 * behind. So a process joins its session when it must, and makes no registry before:
 *
 *   outside --brings a connection through exec, or is handed a descriptor-------------> joined
 *           --connects, forks, starts a program, loses a right, is blind to something-> joined
 *
 * What a process outside has done is of no account for the rule, since it had no connection.  A
 * session's first process under `forksan run` joins at once, so that `forksan run` sees that the
 * library is there.
 *
 * The environment is read with secure_getenv(): in a set-user-ID program (into which only
 * /etc/ld.so.preload can load this library) nobody may choose the log file.
 *
 * End: announce the process's end in the registry; the last live process of the session writes the
 * summary and removes the registry's name.  That can be a program that never joined, exec'd by a
 * process that had: so a process outside looks at its start whether a session knows its pid or its
 * parent's, and at its end whether the parent is still there.
 */
#include "entry/init.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "base/first_stack.h"
#include "base/side_stack.h"
#include "base/wiped.h"
#include "common/session.h"
#include "track/blind.h"
#include "options/options.h"
#include "process/process.h"
#include "entry/callback.h"
#include "entry/real.h"
#include "registry/registry.h"
#include "report/report.h"
#include "report/suppress.h"
#include "report/write.h"
#include "stack/stack.h"
#include "base/lazy.h"
#include "base/libc.h"
#include "base/sys.h"
#include "base/text.h"
#include "track/track.h"

extern char **environ;

void *const __dso_handle = (void *)(uintptr_t)&__dso_handle;

FORKSAN_AT_START _Atomic bool init_done;
FORKSAN_AT_START _Atomic bool init_has_joined;

/* The process has looked for a session to which it belongs, and there was none. */
FORKSAN_AT_START static _Atomic bool has_looked;

/* How long a thread waits for another one that is joining: times, and time each. */
#define TURN_YIELDS 50
#define TURN_SLEEPS 2000
#define TURN_SLEEP_NS 100000

/* True: the caller is the thread that joins, and gives the turn back.  False: another thread has
 * joined meanwhile, or was stopped. */
static bool take_turn(void)
{
	static const struct timespec pause = {.tv_nsec = TURN_SLEEP_NS};

	for (int i = 0; i < TURN_YIELDS + TURN_SLEEPS; i++) {
		uint32_t nobody = 0;

		if (load_acquire(&init_has_joined))
			return false;
		if (compare_exchange_acq_rel(&wiped.entry.joining, &nobody, 1))
			return true;
		if (i < TURN_YIELDS)
			sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		else
			sys_call(SYS_nanosleep, (long)(uintptr_t)&pause, 0, 0, 0, 0, 0);
	}
	return false;
}

/* True once this process's destructor has run: a session that it begins now, in a later
 * destructor, has nobody who would end it. */
FORKSAN_AT_START static _Atomic bool has_left;

/* A member may watch descriptors, and its calls go to libc without a further look. */
static int join_as_member(enum registry_wish wish, bool *created)
{
	real_resolve();
	thread_end_start(track_jumping);
	return process_join(options.session, wish, created);
}

static void join(void *argument)
{
	enum registry_wish wish = *(enum registry_wish *)argument;
	bool created;
	int result = join_as_member(wish, &created);

	store_release(&has_looked, true);
	if (result != 0 && wish == REGISTRY_FIND)
		return;
	if (result == 0)
		track_epoll_joined();
	if (result == 0 && suppress_is_incomplete())
		registry_count(COUNT_SUPPRESSIONS_UNREAD);
	if (result == 0 && created)
		report_session(registry_get());
	else if (result == 0)
		track_adopt();
	process_has_asked();
	if (result == 0 && created && load_acquire(&has_left) && !registry_is_awaited()) {
		registry_map_rest();
		registry_unlink();
	}
	if (!registry_get())
		report_warn("this process is not watched: no memory for the registry");
	else if (created && registry_why_nameless() == -EPERM)
		report_warn(
			"programs that this one starts are sessions of their own: another user has "
			"taken the directory of this user's registries in /dev/shm");
	store_release(&init_has_joined, true);
}

void init_join_now(enum registry_wish wish)
{
	uint64_t signals;

	init_ensure();
	if ((wish == REGISTRY_FIND && load_acquire(&has_looked)) || process_is_sandboxed() ||
	    process_is_vfork_child())
		return;
	sys_block_signals(&signals);
	if (take_turn()) {
		lazy_start();
		side_stack_call(join, &wish);
		store_release(&wiped.entry.joining, 0);
	}
	sys_restore_signals(signals);
}

/* What was known of this process outside when it started. */
FORKSAN_AT_START static struct registry_kin kin;

/* Called by the constructor. */
static void join_at_start(void)
{
	kin = registry_find_kin(options.session, first_stack_uid(), process.pid);
	if (session_is_name(options.session) && !kin.exists)
		init_join();
	else if (kin.brings || (kin.may_bring && track_came_with_sockets()))
		init_find();
}

static void show_help(void)
{
	static char text[8192];

	report_write_stderr(text, options_help(text, sizeof text));
}

/* Appends ":key=path" with the whole path, where `path` is relative. */
static void put_pinned(struct text *text, const char *key, const char *path)
{
	const char *directory = report_write_directory();
	bool quoted = strchr(directory, '"') || strchr(path, '"');

	if (!report_write_is_relative(path))
		return;
	text_put_char(text, ':');
	text_put_string(text, key);
	text_put_string(text, quoted ? "='" : "=\"");
	text_put_string(text, directory);
	text_put_char(text, '/');
	text_put_string(text, path);
	text_put_char(text, quoted ? '\'' : '"');
}

/*
 * Completes relative paths in our own variable of the environment: a program that is started after
 * a chdir() must write to the same log, and read the same suppressions.  Only the variable's text
 * changes, and its memory is static, so that setenv() and putenv() go on as before.
 */
static void pin_paths(void)
{
	static const char name[] = "FORKSAN_OPTIONS=";
	static char bytes[2 * LOG_PATH_BYTES + 4096];
	struct text text;

	if (report_write_directory()[0] == '\0')
		return;
	for (char **variable = environ; variable && *variable; variable++) {
		if (strncmp(*variable, name, sizeof(name) - 1) != 0)
			continue;
		text_init(&text, bytes, sizeof(bytes));
		text_put_string(&text, *variable);
		if (log_place_of(options.log_path) == PLACE_FILE)
			put_pinned(&text, "log_path", options.log_path);
		put_pinned(&text, "suppressions", options.suppressions);
		if (!text.truncated)
			*variable = bytes;
		return;
	}
}

/* How strict mode ends the process, which may be the session's last. */
static void leave_and_abort(void)
{
	init_leave();
	REAL(abort)();
}

void init_run(void)
{
	FORKSAN_AT_START static _Atomic uint32_t started;
	uint32_t idle = 0;
	int saved_errno = errno;

	if (!libc_lists_objects_any_time())
		real_resolve();
	if (!compare_exchange_acq_rel(&started, &idle, 1))
		return;
	first_stack_find();
	report_start();
	options_parse(secure_getenv("FORKSAN_OPTIONS"), report_warn);
	report_start_log(secure_getenv("OTEL_SERVICE_NAME"),
			 secure_getenv("OTEL_RESOURCE_ATTRIBUTES"));
	if (options.suppressions[0] != '\0')
		suppress_start(report_warn);
	pin_paths();
	process_start();
	track_stop_by(leave_and_abort);
	/* For forks inside libc or under names without a wrapper. */
	libc_at_fork(process_atfork_parent, process_atfork_child);
	join_at_start();
	report_speak();
	if (options.help)
		show_help();
	store_release(&init_done, true);
	errno = saved_errno;
}

/* False: the session's last process writes no summary.  A log always gets one.  On stderr a summary
 * would be noise after a run in which nothing was found, and `forksan run` prints a summary itself.
 */
static bool summary_is_wanted(void)
{
	const _Atomic uint64_t *counters = registry_get()->header.counters;

	if (options.log_path[0] != '\0')
		return true;
	return !registry_is_awaited() &&
	       (options.verbosity > 0 || load_relaxed(&counters[COUNT_NOTICES]) > 0 ||
		load_relaxed(&counters[COUNT_HAZARDS]) > 0 ||
		load_relaxed(&counters[COUNT_VIOLATIONS]) > 0 ||
		load_relaxed(&counters[COUNT_SUPPRESSED]) > 0);
}

/* Called with verbosity= alone: names an interpreter whose frames are missing, once. */
static void warn_of_stacks(void)
{
	const char *sentence = stack_complaint();

	if (sentence)
		report_warn(sentence);
}

/* True when somebody who is there will end the session: this process's parent is a member, or a
 * `forksan run` that waits for this process. */
FORKSAN_IN_EACH_CHILD static bool parent_ends_session(void)
{
	long parent = sys_getppid();

	if (kin.parent_pid != 0 && parent == kin.parent_pid)
		return true;
	return session_is_name(options.session) && parent == session_waiter(options.session);
}

/* For a process outside that may have been a member before its exec, or was announced: becomes one
 * again, since it may be its session's last. */
FORKSAN_IN_EACH_CHILD static void find_own_session(void)
{
	int saved_errno;
	bool created;

	if (registry_get() || !(kin.is_member || kin.parent_pid != 0) || process_is_sandboxed() ||
	    parent_ends_session() || process_is_vfork_child())
		return;
	saved_errno = errno;
	join_as_member(REGISTRY_FIND_OWN, &created);
	errno = saved_errno;
}

/* Called when the process may be the session's last. */
static void leave_fully(void)
{
	int saved_errno = errno;

	if (!process_enter())
		return;
	track_look_before_exit();
	blind_look_for_rings();
	blind_tell_noted();
	if (options.verbosity > 0)
		warn_of_stacks();
	process_leave();
	if ((!process_parent_is_here() || process_parent_is_killed()) &&
	    !registry_others_alive(process.shared)) {
		uint32_t unwritten = 0;

		if (summary_is_wanted() &&
		    compare_exchange_acq_rel(&registry_get()->header.summary_written, &unwritten,
					     1))
			report_summary(registry_get());
		if (!registry_is_awaited())
			registry_unlink();
	}
	errno = saved_errno;
}

/* Most forked children have done nothing that matters.  Nothing here touches errno, the look at
 * which would cost such a child a fault. */
FORKSAN_IN_EACH_CHILD void init_leave(void)
{
	find_own_session();
	/* No process.shared: a process outside the session, or the child of a process in a sandbox,
	 * which must not even ask for its parent's pid. */
	if (!registry_get() || !process.shared || process_mine() == PROCESS_UNWATCHED ||
	    process_is_vfork_child())
		return;
	/* Such a child only marks its end, and the parent is the last one, unless the parent ends
	 * at the same moment. */
	if (process_mine() == 0 && process_parent_is_here() &&
	    (fdtable_is_empty() || !process_is_old())) {
		process_leave();
		if (!process_parent_has_left())
			return;
	}
	leave_fully();
}

__attribute__((constructor(101))) static void construct(void)
{
	init_ensure();
}

__attribute__((destructor(101))) static void destruct(void)
{
	callback_run();
	store_release(&has_left, true);
	init_leave();
	if (options.exitcode != 0 && process_has_violated())
		libc_exit_within_exit(options.exitcode);
}
