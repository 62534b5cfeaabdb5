/* SPDX-License-Identifier: MIT */
/*
 * This process's identity.  See process.h for how forks are noticed.
 *
 * `process` is ordinary memory, copied by fork: in a child that has not entered yet it still
 * describes the parent as it was at the fork, which is just what lineage_fork() needs.  It is
 * written by the thread that enters or forks; other threads read words of it that are then stable,
 * or the atomic `mine`.
 */
#include "process.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "fdtable.h"
#include "report.h"
#include "sys.h"

/* Page-aligned and page-sized, so that it is alone in pages of .bss, which are private anonymous
 * memory: the only kind that MADV_WIPEONFORK takes (madvise(2), Linux 4.14). */
_Alignas(4096) union process_page process_page;

struct process process;

static void set_mine(uint64_t word)
{
	store_release(&process_page.words.mine, word);
}

/* Fills a slot for this process from process.lineage, whose self is already the new one. */
static void fill_shared(struct registry_process *shared, struct lineage_use parent)
{
	store_relaxed(&shared->pid, process.pid);
	store_relaxed(&shared->epoch, process.lineage.self.epoch);
	shared->parent_serial = parent.serial;
	shared->parent_epoch = parent.epoch;
	shared->parent_pid = (int32_t)sys_getppid();
	shared->flags = 0;
	store_relaxed(&shared->pid_namespace, process.pid_namespace);
	store_relaxed(&shared->fork_stack, process.fork_stack.n);
	shared->born_boottime_ns = sys_clock_ns(CLOCK_BOOTTIME);
	shared->born_realtime_ns = sys_clock_ns(CLOCK_REALTIME);
	sys_call(SYS_prctl, PR_GET_NAME, (long)(uintptr_t)shared->comm, 0, 0, 0, 0);
}

/* exec keeps the pid: the program that ran here before is an entry of ours already.  Its serial,
 * epoch and ancestors go on; connections that came through are found by fdtable_adopt(). */
static bool take_over(struct registry_process *before)
{
	struct registry_process *parent = before;

	process.lineage.self = (struct lineage_use){load_relaxed(&before->serial),
						    lineage_next_epoch(load_relaxed(&before->epoch))};
	store_relaxed(&before->epoch, process.lineage.self.epoch);
	process.lineage.ancestor_count = 0;
	while (parent->parent_serial != 0 &&
	       process.lineage.ancestor_count < FORKSAN_MAX_ANCESTORS) {
		process.lineage.ancestors[process.lineage.ancestor_count++] =
			(struct lineage_use){parent->parent_serial, parent->parent_epoch};
		parent = registry_find_process(parent->parent_serial);
		if (!parent) {
			process.lineage.ancestors_forgotten = true;
			break;
		}
	}
	sys_call(SYS_prctl, PR_GET_NAME, (long)(uintptr_t)before->comm, 0, 0, 0, 0);
	before->flags |= PROCESS_EXECED;
	registry_forget_holds(before);
	process.shared = before;
	registry_count(COUNT_EXECS);
	return true;
}

static bool claim_place(struct lineage_use parent)
{
	uint32_t serial;
	struct registry_process *shared = registry_claim_process(&serial, process.pid);

	if (!shared) {
		registry_count(LOST_PROCESSES);
		return false;
	}
	process.lineage.self = (struct lineage_use){serial, 0};
	process.shared = shared;
	fill_shared(shared, parent);
	registry_publish_process(shared, serial);
	registry_count(COUNT_PROCESSES);
	return true;
}

int process_start(const char *session, bool *created)
{
	pid_t parent_pid = (pid_t)sys_getppid();
	struct registry_process *before;
	struct registry_process *parent;
	int result;

	process.pid = (pid_t)sys_getpid();
	/* Older kernels refuse; forks are then noticed by the wrappers and pthread_atfork alone. */
	sys_madvise(&process_page, sizeof process_page, MADV_WIPEONFORK);
	set_mine(PROCESS_UNWATCHED);
	result = registry_join(session, process.pid, parent_pid, created);
	if (result != 0)
		return result;
	before = *created ? NULL : registry_find_pid(process.pid);
	if (before) {
		take_over(before);
	} else {
		/* A parent that is in the session started us by vfork or posix_spawn and exec:
		 * its memory is not ours, but its connections may have come along. */
		struct lineage_use forker = {0, 0};

		parent = *created ? NULL : registry_find_pid(parent_pid);
		if (parent)
			forker = (struct lineage_use){load_relaxed(&parent->serial),
						      load_relaxed(&parent->epoch)};
		if (!claim_place(forker))
			return 0;
		if (parent) {
			process.lineage.ancestors[0] = forker;
			process.lineage.ancestor_count = 1;
			process.lineage.ancestors_forgotten = parent->parent_serial != 0;
			registry_count(COUNT_EXECS);
		}
	}
	set_mine(lineage_pack(process.lineage.self));
	return 0;
}

/* The inode in the link's text, "pid:[4026531836]" (namespaces(7)). */
static uint64_t read_pid_namespace(void)
{
	char text[32];
	uint64_t inode = 0;
	long n = sys_readlink("/proc/self/ns/pid", text, sizeof text);

	for (long i = 0; i < n; i++)
		if (text[i] >= '0' && text[i] <= '9')
			inode = inode * 10 + (uint64_t)(text[i] - '0');
	return inode;
}

static void enter(void)
{
	struct lineage_process parent = process.lineage;

	process.pid = (pid_t)sys_getpid();
	if (process.leaves_pid_namespace) {
		process.leaves_pid_namespace = false;
		process.pid_namespace = read_pid_namespace();
		registry_pid_namespace = process.pid_namespace;
	}
	process.forked_ns = 0;
	process.born_ns = sys_clock_ns(CLOCK_MONOTONIC);
	store_relaxed(&process.violated, false);
	stack_after_fork_child();
	report_after_fork_child();
	if (!process.shared || !registry_get()) {
		set_mine(PROCESS_UNWATCHED);
		return;
	}
	process.shared = NULL;
	registry_count(COUNT_FORKS);
	if (!claim_place(parent.self)) {
		set_mine(PROCESS_UNWATCHED);
		return;
	}
	lineage_fork(&parent, process.lineage.self.serial, &process.lineage);
	if (process.lineage.ancestors_forgotten && !parent.ancestors_forgotten)
		registry_count(LOST_ANCESTORS);
	store_relaxed(&process.newborn, fdtable_publish_holds());
	set_mine(lineage_pack(process.lineage.self));
}

bool process_enter(void)
{
	uint64_t mine = process_mine();

	if (mine == 0) {
		uint32_t idle = 0;

		if (!compare_exchange_acq_rel(&process_page.words.entering, &idle, 1))
			return false;
		if (process_mine() == 0)
			enter();
		store_release(&process_page.words.entering, 0);
		mine = process_mine();
	}
	return mine != PROCESS_UNWATCHED;
}

void process_leaves_pid_namespace(void)
{
	process.leaves_pid_namespace = true;
}

void process_born(void)
{
	if (process_mine() != 0 && sys_getpid() == process.pid)
		return;
	/* Zero already, but on kernels without MADV_WIPEONFORK. */
	store_relaxed(&process_page.words.entering, 0);
	set_mine(0);
	process_enter();
}

void process_before_fork(void)
{
	int saved_errno = errno;

	if (fdtable_is_empty()) {
		process.fork_stack.n = 0;
		return;
	}
	stack_warm();
	process.fork_stack = stack_take();
	errno = saved_errno;
}

void process_forked(void)
{
	struct lineage_use next = process.lineage.self;

	if (!process.shared || process_mine() == 0)
		return;
	next.epoch = lineage_next_epoch(next.epoch);
	process.lineage.self = next;
	process.forked_ns = sys_clock_ns(CLOCK_MONOTONIC);
	store_relaxed(&process.shared->epoch, next.epoch);
	set_mine(lineage_pack(next));
}

bool process_has_just_forked(void)
{
	return process.forked_ns != 0 &&
	       sys_clock_ns(CLOCK_MONOTONIC) - process.forked_ns < UINT64_C(1000000000);
}

bool process_is_vfork_child(void)
{
	return process_mine() != 0 && sys_getpid() != process.pid;
}

void process_leave(void)
{
	if (process.shared && process_mine() != 0 && process_mine() != PROCESS_UNWATCHED &&
	    !process_is_vfork_child())
		registry_retire_process(process.shared);
}
