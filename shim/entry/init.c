/* SPDX-License-Identifier: MIT */
/*
 * Constructor and destructor.
 *
 * Start: find libc's functions, read FORKSAN_OPTIONS, join the session, watch for forks inside
 * libc.  The environment is read with secure_getenv(): in a set-user-ID program (into which only
 * /etc/ld.so.preload can load this library) nobody may choose the log file.
 *
 * End: announce the process's end in the registry; the last live process of the session writes the
 * summary and removes the registry's name.
 */
#include "entry/init.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "track/blind.h"
#include "options/options.h"
#include "process/process.h"
#include "entry/real.h"
#include "registry/registry.h"
#include "report/report.h"
#include "report/write.h"
#include "stack/stack.h"
#include "base/sys.h"
#include "track/track.h"

_Atomic bool init_done;

static void show_help(void)
{
	static char text[8192];

	report_write_stderr(text, options_help(text, sizeof text));
}

void init_run(void)
{
	static _Atomic uint32_t started;
	uint32_t idle = 0;
	int saved_errno = errno;
	bool created = false;

	real_resolve();
	if (!compare_exchange_acq_rel(&started, &idle, 1))
		return;
	report_start();
	options_parse(secure_getenv("FORKSAN_OPTIONS"), report_warn);
	report_start_log(secure_getenv("OTEL_SERVICE_NAME"),
			 secure_getenv("OTEL_RESOURCE_ATTRIBUTES"));
	if (process_start(options.session, &created) == 0) {
		/* For forks inside libc or under names without a wrapper. */
		pthread_atfork(NULL, process_atfork_parent, process_atfork_child);
		if (created)
			report_session(registry_get());
		else
			track_adopt();
	}
	if (!registry_get())
		report_warn("this process is not watched: no memory for the registry");
	else if (created && registry_why_nameless() == -EPERM)
		report_warn(
			"programs that this one starts are sessions of their own: another user has "
			"taken the directory of this user's registries in /dev/shm");
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
		load_relaxed(&counters[COUNT_VIOLATIONS]) > 0);
}

/* Called with verbosity= alone: names an interpreter whose frames are missing, once. */
static void warn_of_stacks(void)
{
	const char *sentence = stack_complaint();

	if (sentence)
		report_warn(sentence);
}

void init_leave(void)
{
	int saved_errno = errno;

	/* No process.shared: a process outside the session, or the child of a process in a sandbox,
	 * which must not even ask for its parent's pid. */
	if (!registry_get() || !process.shared || process_mine() == PROCESS_UNWATCHED ||
	    process_is_vfork_child())
		return;
	/* Most forked children have done nothing that matters: nothing is announced of such a
	 * child. */
	if (process_mine() == 0 && process_parent_is_here() &&
	    (fdtable_is_empty() || !process_is_old()))
		return;
	if (!process_enter())
		return;
	track_look_before_exit();
	blind_look_for_rings();
	blind_tell_noted();
	if (options.verbosity > 0)
		warn_of_stacks();
	process_leave();
	if (!process_parent_is_here() && !registry_others_alive(process.shared)) {
		uint32_t unwritten = 0;

		if (summary_is_wanted() &&
		    compare_exchange_acq_rel(&registry_get()->header.summary_written, &unwritten,
					     1) &&
		    report_summary(registry_get()) != 0)
			registry_count(LOST_REPORTS);
		if (!registry_is_awaited())
			registry_unlink();
	}
	errno = saved_errno;
}

__attribute__((constructor(101))) static void construct(void)
{
	init_ensure();
}

__attribute__((destructor(101))) static void destruct(void)
{
	init_leave();
	if (options.exitcode != 0 && process_has_violated()) {
		/* An exit() in an exit handler runs the handlers that the first exit() left, with
		 * the new status: stdio is flushed by exit(), which waits for no reader's lock. */
		exit(options.exitcode);
	}
}
