/* SPDX-License-Identifier: MIT */
/*
 * This process's identity, its slot in the registry, and its end.  See process.h for how forks are
 * noticed, start.c for programs that start, fork.c for the fork itself, enter.c for a new process's
 * first call.
 *
 * `process` is ordinary memory, copied by fork: in a child that has not entered yet `process` still
 * describes the parent as it was at the fork, which is just what lineage_fork() needs.  Only the
 * thread that enters or forks writes to `process`; other threads read words that are stable by
 * then, or the atomic `mine`.
 */
#include "process/parts.h"

#include <sys/prctl.h>
#include <time.h>

#include "base/sys.h"
#include "common/liveness.h"
#include "process/fdtable.h"

/* On one page: see struct announcement. */
FORKSAN_AT_START _Alignas(1024) struct process process;
_Static_assert(sizeof process <= 1024, "one page");

void process_set_shared(struct registry_process *shared)
{
	process.shared = shared;
	if (shared)
		fdtable_hold_for(registry_process_slot(shared));
	else
		fdtable_hold_for_nobody();
}

void process_next_epoch(void)
{
	struct lineage_use next = lineage_unpack(process_mine());

	next.epoch = lineage_next_epoch(next.epoch);
	/* Before the word: a child whose memory has a use of this epoch has the epoch too. */
	process.lineage.self.epoch = next.epoch;
	store_relaxed(&process.shared->epoch, next.epoch);
	process_set_mine(lineage_pack(next));
}

void process_fill_slot(struct registry_process *slot, struct serial serial,
		       struct lineage_use parent, pid_t parent_pid)
{
	store_relaxed(&slot->pid, 0);
	store_relaxed(&slot->epoch, 0);
	store_relaxed(&slot->heir_uid, 0);
	store_relaxed(&slot->seen_outside, 0);
	store_relaxed(&slot->first_seen_outside,
		      process.shared ? liveness_first_of(process.shared) : 0);
	store_relaxed(&slot->through, THROUGH_UNKNOWN);
	store_relaxed(&slot->family, 0);
	slot->parent_serial = parent.serial;
	slot->parent_epoch = parent.epoch;
	slot->parent_pid = parent_pid;
	store_relaxed(&slot->pid_namespace, process.pid_namespace);
	store_relaxed(&slot->fork_stack, process.fork_stack.n);
	store_relaxed(&slot->parent_threads, process.fork_threads);
	slot->born_boottime_ns = sys_clock_ns(CLOCK_BOOTTIME);
	slot->boot_realtime_ns = registry_boot_realtime_ns();
	sys_call(SYS_prctl, PR_GET_NAME, (long)(uintptr_t)slot->comm, 0, 0, 0, 0);
	store_release(&slot->serial, serial.n);
}

/* The inode in the link's text, "pid:[4026531836]" (namespaces(7)). */
uint64_t process_read_pid_namespace(void)
{
	char text[32];
	uint64_t inode = 0;
	long n = sys_readlink("/proc/self/ns/pid", text, sizeof text);

	for (long i = 0; i < n; i++)
		if (text[i] >= '0' && text[i] <= '9')
			inode = inode * 10 + (uint64_t)(text[i] - '0');
	return inode;
}

FORKSAN_AT_START static bool sandboxed;

bool process_is_sandboxed(void)
{
	return sandboxed;
}

void process_enter_sandbox(void)
{
	sandboxed = true;
	if (process_mine() == PROCESS_UNWATCHED || !registry_get())
		return;
	registry_count(LOST_SANDBOXED);
	process_set_mine(PROCESS_UNWATCHED);
	/* Forked children are in the sandbox too. */
	process_set_shared(NULL);
}

pid_t process_tid(void)
{
	static __thread pid_t tid;
	static __thread pid_t asked_in; /* the process then: a fork gives the thread another tid */
	pid_t pid = load_relaxed(&wiped.process.pid);

	if (asked_in != pid || pid == 0) {
		tid = (pid_t)sys_gettid();
		asked_in = pid;
	}
	return tid;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* By a system call: in a forked child that ends at once a call of the vdso would cost a fault,
 * which is more. */
FORKSAN_IN_EACH_CHILD static uint64_t boottime_ns(void)
{
	struct timespec now;

	if (sys_call(SYS_clock_gettime, CLOCK_BOOTTIME, (long)(uintptr_t)&now, 0, 0, 0, 0) != 0)
		return 0;
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

FORKSAN_IN_EACH_CHILD bool process_is_old(void)
{
	uint64_t born_ns =
		process_mine() == 0 ? process.forked_boottime_ns : process.shared->born_boottime_ns;

	return boottime_ns() - born_ns > UINT64_C(1000000000) &&
	       /* Else a time namespace of its own, and not entered yet. */
	       liveness_same_clock(process.shared->boot_realtime_ns, registry_boot_realtime_ns());
}

/* The slot of a child that has not entered, or NULL.  A child that ends touches no other page of
 * the registry: each would cost a fault.  The slot's page is new to the child, and an access that
 * may write costs one fault, a read before a write a dearer one. */
FORKSAN_IN_EACH_CHILD static struct registry_process *announced_slot(void)
{
	uint32_t serial = load_relaxed(&wiped.process.announced);
	struct registry_process *slot;

	if (serial == 0)
		return NULL;
	slot = registry_process((struct process_slot){serial % FORKSAN_MAX_PROCESSES});
	return slot && compare_exchange_acq_rel(&slot->serial, &serial, serial) ? slot : NULL;
}

FORKSAN_IN_EACH_CHILD bool process_parent_has_left(void)
{
	const struct registry_process *own = announced_slot();

	if (own)
		return (load_acquire(&own->family) & FAMILY_PARENT_LEFT) != 0;
	return !process.shared || load_acquire(&process.shared->state) != PROCESS_LIVE;
}

FORKSAN_IN_EACH_CHILD bool process_parent_is_here(void)
{
	const struct registry_process *parent;

	if (process_mine() == 0) /* `process` still is the parent's */
		return !process_parent_has_left() && sys_getppid() == process.pid;
	if (!process.shared || process.shared->parent_serial.n == 0)
		return false;
	parent = registry_find_process(process.shared->parent_serial);
	/* When a parent has ended the kernel gives its children to another process. */
	return parent && load_acquire(&parent->state) == PROCESS_LIVE &&
	       sys_getppid() == load_relaxed(&parent->pid);
}

bool process_parent_is_killed(void)
{
	const struct registry_process *parent;

	if ((load_relaxed(&process.shared->family) & FAMILY_PARENT_LEFT) != 0)
		return true;
	parent = registry_find_process(process.shared->parent_serial);
	return parent && registry_slot_is_killed(parent);
}

void process_note_heir(void)
{
	long uid = sys_call(SYS_geteuid, 0, 0, 0, 0, 0, 0);

	if (process.shared && uid >= 0)
		store_relaxed(&process.shared->heir_uid, (uint32_t)uid + 1);
}

void process_has_no_heir(void)
{
	if (process.shared)
		store_relaxed(&process.shared->heir_uid, 0);
}

FORKSAN_IN_EACH_CHILD void process_leave(void)
{
	bool entered = process_mine() != 0;
	struct registry_process *slot = entered ? process.shared : announced_slot();

	if (slot && !entered) {
		registry_publish_process(slot, load_relaxed(&wiped.process.pid));
		registry_end_process(slot);
	} else if (slot) {
		registry_retire_process(slot);
		registry_leave_children(slot);
	}
	/* Processes that end at once: each marks its own slot before it looks at the others', so at
	 * least one of them finds that it is the last. */
	atomic_thread_fence(memory_order_seq_cst);
}
