/* SPDX-License-Identifier: MIT */
/*
 * A new process takes its place in the session, at its first call that matters: the slot that its
 * parent has announced, or where nobody noticed the fork, one of its own.
 */
#include "process/parts.h"

#include <time.h>

#include "base/sys.h"
#include "common/liveness.h"
#include "process/fdtable.h"

/* The parent wrote the birth by its own clock, which is another in another time namespace. */
static void note_clock(struct registry_process *slot)
{
	uint64_t boot_ns = registry_boot_realtime_ns();

	if (liveness_same_clock(slot->boot_realtime_ns, boot_ns))
		return;
	slot->born_boottime_ns = sys_clock_ns(CLOCK_BOOTTIME);
	slot->boot_realtime_ns = boot_ns;
}

/* Takes the slot that the parent has announced for this process.  NULL: there is no such slot. */
static struct registry_process *take_announced(struct lineage_use parent, struct serial *serial)
{
	struct registry_process *slot;

	*serial = (struct serial){load_relaxed(&wiped.process.announced)};
	slot = registry_find_process(*serial);
	if (!slot || !serial_is(slot->parent_serial, parent.serial))
		return NULL;
	if (process.pid_namespace != load_relaxed(&slot->pid_namespace)) {
		store_relaxed(&slot->pid_namespace, process.pid_namespace);
		store_relaxed(&slot->pid, process.pid);
		registry_note_pid(slot, process.pid);
	}
	note_clock(slot);
	registry_publish_process(slot, process.pid);
	return slot;
}

/* Claims a slot for a process that nobody announced: made by a raw clone(), or inside libc.  NULL:
 * the table of processes is full. */
static struct registry_process *claim_unannounced(struct lineage_use parent, struct serial *serial)
{
	struct registry_process *slot = registry_claim_process(serial, process.pid);

	if (!slot) {
		registry_count(LOST_PROCESSES);
		return NULL;
	}
	process_fill_slot(slot, *serial, parent, (pid_t)sys_getppid());
	registry_publish_process(slot, process.pid);
	registry_count(COUNT_FORKS);
	registry_count(COUNT_PROCESSES);
	fdtable_hold_for(registry_process_slot(slot));
	fdtable_publish_holds();
	return slot;
}

/* Called in a new process that may be in another pid namespace than its parent. */
static void note_namespace(void)
{
	uint64_t pid_namespace = process_read_pid_namespace();

	process.leaves_pid_namespace = false;
	if (pid_namespace != process.pid_namespace)
		process.in_inner_namespace = true;
	process.pid_namespace = registry_pid_namespace = pid_namespace;
}

/* process.lineage still is the parent's, with the epoch at the very moment of the fork: another
 * thread of the parent may have begun an epoch since the child was announced.  False: the process
 * has no place. */
static bool take_place(void)
{
	bool is_announced = load_relaxed(&wiped.process.announced) != 0;
	struct registry_process *slot;
	struct serial serial;
	uint64_t outside;

	if (!process.shared || !registry_get())
		return false;
	process.pid = load_relaxed(&wiped.process.pid);
	if (process.pid == 0)
		process.pid = (pid_t)sys_getpid();
	store_relaxed(&wiped.process.pid, process.pid);
	if (process.leaves_pid_namespace || process.pid == 1 || !is_announced)
		note_namespace();
	slot = take_announced(process.lineage.self, &serial);
	if (!slot)
		slot = claim_unannounced(process.lineage.self, &serial);
	process_set_shared(slot);
	if (!slot)
		return false;
	if (process.in_inner_namespace && (outside = registry_seen_in_proc()) != 0)
		store_relaxed(&slot->seen_outside, outside);
	slot->parent_epoch = process.lineage.self.epoch;
	lineage_fork(&process.lineage, serial, &process.lineage);
	return true;
}

static void enter(void)
{
	bool placed = take_place();

	process_forget_announced();
	if (!placed || fdtable_is_empty())
		process_settle();
	process_set_mine(placed ? lineage_pack(process.lineage.self) : PROCESS_UNWATCHED);
}

/* A sandbox whose entry was not seen may refuse even getpid(): a refusal is taken for the noted
 * pid. */
FORKSAN_IN_EACH_CHILD static bool has_pid(pid_t noted)
{
	long pid = sys_getpid();

	return pid < 0 || pid == noted;
}

/* False in a vfork child of a new process that has not entered: the vfork child runs in that
 * process's memory, and would enter in that process's place. */
static bool is_memory_ours(void)
{
	pid_t noted = load_acquire(&wiped.process.pid);
	pid_t parent;

	if (!process.shared)
		return true; /* no place to take, and perhaps a sandbox */
	if (noted != 0)
		return has_pid(noted);
	/* A raw clone() that nobody noticed.  `process` describes the parent of the memory's owner.
	 */
	parent = (pid_t)sys_getppid();
	return parent == process.pid || registry_parent_of(parent) != process.pid;
}

/* Called in a vfork child.  The program that the vfork child will exec looks for its parent, this
 * memory's owner, by pid.  The owner's own parent publishes that pid, but perhaps only later. */
static void publish_owner(void)
{
	struct serial announced_to_owner = {load_relaxed(&wiped.process.announced)};
	struct registry_process *slot = registry_find_process(announced_to_owner);

	if (slot)
		registry_publish_process(slot, load_relaxed(&wiped.process.pid));
}

/* *is_own: this call has found that the memory is this process's own. */
static bool enter_or_find(bool *is_own)
{
	static __thread bool entering; /* this thread is, which a signal handler interrupts */
	uint64_t mine = process_mine();

	*is_own = false;
	if (mine == 0) {
		uint32_t idle = 0;

		if (!is_memory_ours()) {
			publish_owner();
			return false;
		}
		*is_own = true;
		if (entering)
			return false;
		entering = true;
		if (compare_exchange_acq_rel(&wiped.process.entering, &idle, 1)) {
			if (process_mine() == 0)
				enter();
			store_release(&wiped.process.entering, 0);
		} else {
			/* What this thread did meanwhile would not be seen: a use would pass
			 * unjudged, a copy of a descriptor stay unknown. */
			sys_wait_for_zero(&wiped.process.entering);
		}
		entering = false;
		mine = process_mine();
	}
	return mine != 0 && mine != PROCESS_UNWATCHED;
}

bool process_enter(void)
{
	bool is_own;

	return enter_or_find(&is_own);
}

bool process_enter_own(void)
{
	bool is_own;

	return enter_or_find(&is_own) && (is_own || !process_is_vfork_child());
}

FORKSAN_IN_EACH_CHILD bool process_is_vfork_child(void)
{
	pid_t noted = load_relaxed(&wiped.process.pid);

	return noted != 0 && !has_pid(noted);
}
