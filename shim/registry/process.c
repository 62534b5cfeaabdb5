/* SPDX-License-Identifier: MIT */
/*
 * The table of processes: claim, publish, retire, find.  include/forksan/registry.h draws the
 * states of a slot.
 *
 * Writers: any process of the session, at once.  A slot belongs to the process that moved its state
 * word to BUSY by compare-exchange, until that process publishes the slot.  Nothing here waits for
 * another process: a slot left BUSY by a dead process is taken over by the next claim.
 */
#include "registry/parts.h"

#include <time.h>

#include "base/sys.h"

/* True for a slot that is free, or whose process is marked as ended.  The kernel is not asked. */
static bool is_over(uint32_t word)
{
	return word == PROCESS_FREE || word == PROCESS_EXITED;
}

/* True while the process that has claimed a BUSY slot runs, or cannot be asked about from here. */
static bool claimer_runs(const struct registry_process *process, uint32_t word)
{
	return !registry_knows_pids_of(load_relaxed(&process->pid_namespace)) ||
	       registry_pid_runs((pid_t)(word >> 8));
}

/* Marks a slot whose process was killed as free or ended.  True: the slot can be claimed. */
static bool bury(struct registry_process *process)
{
	uint32_t word = load_acquire(&process->state);

	switch ((enum registry_process_state)(word & 0xff)) {
	case PROCESS_FREE:
	case PROCESS_EXITED:
		return true;
	case PROCESS_BUSY:
		return !claimer_runs(process, word) &&
		       compare_exchange_acq_rel(&process->state, &word, PROCESS_FREE);
	case PROCESS_LIVE:
		if (registry_process_alive(process))
			return false;
		registry_retire_process(process);
		return is_over(load_acquire(&process->state));
	}
	return false;
}

/* With every slot taken by a living process, each fork would ask the kernel about all slots: 40 ms
 * were seen.  So the kernel is asked about a small lot, and a pause follows a lot in vain. */
#define ASK_AT_ONCE 64
#define ASK_PAUSE_NS 50000000

/* False: no slot has become free, or a pause is not over. */
static bool bury_one(void)
{
	static _Atomic uint64_t pause_until_ns;
	static _Atomic uint32_t next;
	uint64_t now_ns = sys_clock_ns(CLOCK_MONOTONIC);

	if (now_ns < load_relaxed(&pause_until_ns))
		return false;
	for (int asked = 0; asked < ASK_AT_ONCE; asked++) {
		struct process_slot slot = {fetch_add_relaxed(&next, 1) % FORKSAN_MAX_PROCESSES};
		struct registry_process *process = registry_process(slot);

		if (process && bury(process))
			return true;
	}
	store_relaxed(&pause_until_ns, now_ns + ASK_PAUSE_NS);
	return false;
}

/* Most processes in the way ended without a word: killed, or programs that never joined (exec). */
#define ASK_IN_THE_WAY 4

/* Takes the first slot, from the latest serial on, whose process is over; NULL: there is no such
 * slot. */
static struct registry_process *take_slot(struct serial *serial, pid_t pid)
{
	struct registry *registry = registry_mapping;
	uint32_t latest = load_relaxed(&registry->header.next_serial);
	int asked = 0;

	for (uint32_t n = 1; n <= FORKSAN_MAX_PROCESSES; n++) {
		uint32_t next = latest + n;
		struct registry_process *process;
		uint32_t word;

		/* Serials are 31 bits (lineage.h); the last one is never given out. */
		if (next < n || next >= INT32_MAX)
			return NULL;
		process = &registry->processes[next % FORKSAN_MAX_PROCESSES];
		if (!registry_reach_new(process, sizeof *process))
			return NULL;
		word = load_acquire(&process->state);
		if (!is_over(word) && asked < ASK_IN_THE_WAY) {
			asked++;
			bury(process);
			word = load_acquire(&process->state);
		}
		if (!is_over(word))
			continue;
		/* A serial is given out once: to the process that moves the counter past it. */
		if (!compare_exchange_acq_rel(&registry->header.next_serial, &latest, next)) {
			n = 0;
			continue;
		}
		*serial = (struct serial){next};
		if (compare_exchange_acq_rel(&process->state, &word,
					     (uint32_t)pid << 8 | PROCESS_BUSY))
			return process;
		latest = next;
		n = 0;
	}
	return NULL;
}

struct registry_process *registry_claim_process(struct serial *serial, pid_t pid)
{
	uint32_t latest = load_relaxed(&registry_mapping->header.next_serial);
	struct registry_process *process = take_slot(serial, pid);

	/* Perhaps slots of killed processes are in the way. */
	if ((!process || serial->n - latest > ASK_AT_ONCE) && bury_one() && !process)
		process = take_slot(serial, pid);
	if (!process)
		return NULL;
	store_relaxed(&process->pid_namespace, registry_pid_namespace);
	store_release(&process->serial, 0);
	store_relaxed(&process->pid, 0);
	registry_note_pid(process, 0);
	registry_forget_holds(process);
	raise_at_least(&registry_mapping->header.process_high,
		       registry_process_slot(process).n + 1);
	return process;
}

FORKSAN_IN_EACH_CHILD void registry_publish_process(struct registry_process *process, pid_t pid)
{
	uint32_t word = load_relaxed(&process->state);
	int32_t unknown = 0;

	compare_exchange_acq_rel(&process->pid, &unknown, pid);
	/* The parent may come after the child's end. */
	if ((word & 0xff) != PROCESS_BUSY)
		return;
	registry_note_pid(process, load_relaxed(&process->pid));
	compare_exchange_acq_rel(&process->state, &word, PROCESS_LIVE);
}

void registry_abandon_process(struct registry_process *process)
{
	store_release(&process->serial, 0);
	store_release(&process->state, PROCESS_FREE);
}

void registry_leave_children(const struct registry_process *process)
{
	struct serial serial = registry_process_serial(process);
	uint32_t born_since;

	atomic_thread_fence(memory_order_seq_cst);
	if ((load_relaxed(&process->family) & FAMILY_HAS_CHILDREN) == 0)
		return;
	born_since = load_relaxed(&registry_mapping->header.next_serial) - serial.n;
	for (uint32_t n = 1; n <= born_since && n < FORKSAN_MAX_PROCESSES; n++) {
		struct process_slot slot = {(serial.n + n) % FORKSAN_MAX_PROCESSES};
		struct registry_process *child = registry_process(slot);

		if (child && serial_is(child->parent_serial, serial))
			fetch_or_relaxed(&child->family, FAMILY_PARENT_LEFT);
	}
}

FORKSAN_IN_EACH_CHILD struct registry_process *registry_find_process(struct serial serial)
{
	struct registry_process *process;

	if (serial.n == 0)
		return NULL;
	process = registry_process((struct process_slot){serial.n % FORKSAN_MAX_PROCESSES});
	return process && load_acquire(&process->serial) == serial.n ? process : NULL;
}

/* The first slot from *slot on in which the pid is noted; false: there is none. */
static bool next_with_pid(struct process_slot *slot, pid_t pid)
{
	uint32_t high = registry_process_high();

	if (!registry_reach(registry_mapping->process_pid, high * sizeof(int32_t)))
		return false;
	for (; slot->n < high; slot->n++)
		if (load_relaxed(&registry_mapping->process_pid[slot->n]) == pid)
			return true;
	return false;
}

struct registry_process *registry_find_double(const struct registry_process *process)
{
	uint64_t pid_namespace = load_relaxed(&process->pid_namespace);
	pid_t pid = load_relaxed(&process->pid);

	for (struct process_slot slot = {0}; next_with_pid(&slot, pid); slot.n++) {
		struct registry_process *other = registry_process(slot);

		if (other && other != process && load_acquire(&other->state) == PROCESS_LIVE &&
		    load_relaxed(&other->pid) == pid &&
		    load_relaxed(&other->pid_namespace) == pid_namespace &&
		    registry_process_alive(other))
			return other;
	}
	return NULL;
}

struct registry_process *registry_find_pid(pid_t pid)
{
	for (struct process_slot slot = {0}; next_with_pid(&slot, pid); slot.n++) {
		struct registry_process *process = registry_process(slot);

		if (process && load_acquire(&process->state) == PROCESS_LIVE &&
		    load_relaxed(&process->pid) == pid &&
		    registry_knows_pids_of(load_relaxed(&process->pid_namespace)) &&
		    registry_process_alive(process))
			return process;
	}
	return NULL;
}
