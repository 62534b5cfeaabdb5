/* SPDX-License-Identifier: MIT */
/*
 * A program's start: its place in the session is the one that its process had before exec, the one
 * that its starter has announced (posix_spawn, vfork), or a new one.
 */
#include "process/parts.h"

#include <sys/prctl.h>

#include "base/sys.h"
#include "common/liveness.h"
#include "process/fdtable.h"

/* Fills the ancestors of a program, whose memory knows none, from what the registry knows. */
static void recall_ancestors(struct lineage_use parent)
{
	struct lineage_process *lineage = &process.lineage;
	const struct registry_process *found;

	lineage->ancestor_count = 0;
	while (parent.serial.n != 0 && lineage->ancestor_count < FORKSAN_MAX_ANCESTORS) {
		lineage->ancestors[lineage->ancestor_count++] = parent;
		found = registry_find_process(parent.serial);
		if (!found)
			break;
		parent = (struct lineage_use){found->parent_serial, found->parent_epoch};
	}
	lineage->ancestors_forgotten = parent.serial.n != 0;
}

/* exec keeps the pid: the program that ran here before has a slot already.  The new program goes on
 * with that slot's serial, epoch and ancestors; track_adopt() finds the connections that came
 * through the exec. */
static void take_over(struct registry_process *before)
{
	process.lineage.self = (struct lineage_use){
		registry_process_serial(before), lineage_next_epoch(load_relaxed(&before->epoch))};
	store_relaxed(&before->epoch, process.lineage.self.epoch);
	recall_ancestors((struct lineage_use){before->parent_serial, before->parent_epoch});
	sys_call(SYS_prctl, PR_GET_NAME, (long)(uintptr_t)before->comm, 0, 0, 0, 0);
	store_relaxed(&before->through, THROUGH_UNASKED); /* until process_has_asked() */
	atomic_thread_fence(memory_order_seq_cst);
	registry_forget_holds(before);
	if (liveness_first_of(before) != 0) {
		registry_note_proc_of(load_relaxed(&before->seen_outside));
		process.in_inner_namespace = true;
	}
	process_set_shared(before);
}

/* A program that posix_spawn() has started may enter itself while its starter announces it.  Of the
 * two slots the one in which the program has entered itself stays: called by the program after it
 * has published that slot.  The starter's epoch is that of the announcement: the program may have
 * read the next one already. */
static void retire_doubles(struct registry_process *slot)
{
	struct registry_process *other;

	atomic_thread_fence(memory_order_seq_cst);
	while ((other = registry_find_double(slot)) != NULL) {
		if (serial_is(other->parent_serial, slot->parent_serial) &&
		    other->parent_epoch < slot->parent_epoch)
			slot->parent_epoch = other->parent_epoch;
		registry_retire_process(other);
		registry_uncount(COUNT_PROCESSES);
	}
}

/* For a process without a slot: the session's first, or one started by vfork or posix_spawn and
 * exec, to which the parent's connections may have come although the parent's memory did not.
 * False: the table of processes is full. */
static bool claim_place(const struct registry_process *parent, pid_t parent_pid)
{
	struct lineage_use forker = {{0}, 0};
	struct registry_process *slot;
	struct serial serial;

	slot = registry_claim_process(&serial, process.pid);
	if (!slot) {
		registry_count(LOST_PROCESSES);
		return false;
	}
	if (parent)
		forker = (struct lineage_use){registry_process_serial(parent),
					      load_relaxed(&parent->epoch)};
	process_fill_slot(slot, serial, forker, parent_pid);
	if (parent)
		store_relaxed(&slot->first_seen_outside, liveness_first_of(parent));
	store_relaxed(&slot->through, THROUGH_UNASKED);
	registry_publish_process(slot, process.pid);
	retire_doubles(slot);
	recall_ancestors((struct lineage_use){forker.serial, slot->parent_epoch});
	process.lineage.self = (struct lineage_use){serial, 0};
	process_set_shared(slot);
	registry_count(COUNT_PROCESSES);
	return true;
}

void process_start(void)
{
	process.pid = (pid_t)sys_getpid();
	wiped_start();
	store_relaxed(&wiped.process.pid, process.pid);
	process_set_mine(PROCESS_UNWATCHED);
	process_settle();
}

int process_join(const char *session, enum registry_wish wish, bool *created)
{
	pid_t parent_pid = (pid_t)sys_getppid();
	struct registry_process *before;
	int result;

	/* A raw clone() of a process without a session may have made this one. */
	process.pid = (pid_t)sys_getpid();
	store_relaxed(&wiped.process.pid, process.pid);
	process_set_mine(PROCESS_UNWATCHED);
	process_settle();
	process.pid_namespace = registry_pid_namespace = process_read_pid_namespace();
	registry_look_at_proc();
	result = registry_join(session, wish, process.pid, parent_pid, created);
	if (result != 0)
		return result;
	before = *created ? NULL : registry_find_pid(process.pid);
	if (before && registry_process_serial(before).n != 0)
		take_over(before);
	else if (!claim_place(*created ? NULL : registry_find_pid(parent_pid), parent_pid))
		return 0;
	if (!*created && wish != REGISTRY_FIND_OWN)
		registry_count(COUNT_EXECS);
	process_set_mine(lineage_pack(process.lineage.self));
	return 0;
}

void process_has_asked(void)
{
	if (process.shared)
		store_release(&process.shared->through, THROUGH_UNKNOWN);
}

struct serial process_announce_program(pid_t pid)
{
	struct registry_process *slot;
	struct serial serial = {0};

	if (process_mine() == 0 || process_mine() == PROCESS_UNWATCHED)
		return serial;
	slot = registry_claim_process(&serial, process.pid);
	if (!slot) {
		registry_count(LOST_PROCESSES);
		return (struct serial){0};
	}
	process_fill_slot(slot, serial, lineage_unpack(process_mine()), process.pid);
	store_relaxed(&slot->fork_stack, 0);
	store_relaxed(&slot->through, fdtable_is_empty() ? THROUGH_NOTHING : THROUGH_PERHAPS);
	registry_count(COUNT_PROCESSES);
	registry_publish_process(slot, pid);
	atomic_thread_fence(memory_order_seq_cst);
	/* What this process does from here on the program's connections do not know. */
	process_next_epoch();
	if (!registry_find_double(slot))
		return serial;
	/* The program was faster, and has entered itself. */
	process_program_failed(serial);
	return (struct serial){0};
}

void process_program_failed(struct serial program)
{
	struct registry_process *slot = registry_find_process(program);

	if (slot && registry_retire_process(slot))
		registry_uncount(COUNT_PROCESSES);
}
