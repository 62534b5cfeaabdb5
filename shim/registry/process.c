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

struct registry_process *registry_process(struct process_slot slot)
{
	struct registry_process *process;

	if (slot.n >= FORKSAN_MAX_PROCESSES)
		return NULL;
	process = &registry_mapping->processes[slot.n];
	return registry_reach(process, sizeof *process) ? process : NULL;
}

struct process_slot registry_process_slot(const struct registry_process *process)
{
	return (struct process_slot){(uint32_t)(process - registry_mapping->processes)};
}

struct serial registry_process_serial(const struct registry_process *process)
{
	uint32_t n = load_acquire(&process->serial);

	if (n > INT32_MAX || n % FORKSAN_MAX_PROCESSES != registry_process_slot(process).n)
		n = 0;
	return (struct serial){n};
}

/* Takes the slot when it is free, or its process is over.  Leaves it BUSY. */
static bool take_process_slot(struct registry_process *process, pid_t pid)
{
	uint32_t word = load_acquire(&process->state);

	switch ((enum registry_process_state)(word & 0xff)) {
	case PROCESS_FREE:
	case PROCESS_EXITED:
		break;
	case PROCESS_BUSY:
		if (registry_pid_runs((pid_t)(word >> 8)))
			return false;
		break;
	case PROCESS_LIVE:
		if (registry_process_alive(process))
			return false;
		break;
	}
	if (!compare_exchange_acq_rel(&process->state, &word, (uint32_t)pid << 8 | PROCESS_BUSY))
		return false;
	store_release(&process->serial, 0);
	registry_forget_holds(process);
	return true;
}

struct registry_process *registry_claim_process(struct serial *serial, pid_t pid)
{
	struct registry *registry = registry_mapping;

	for (uint32_t tries = 0; tries < FORKSAN_MAX_PROCESSES; tries++) {
		uint32_t next = fetch_add_relaxed(&registry->header.next_serial, 1) + 1;
		struct registry_process *process;

		/* Serials are 31 bits (lineage.h).  The counter is held at its end, so that it
		 * never starts again from 0. */
		if (next == 0 || next >= INT32_MAX) {
			store_relaxed(&registry->header.next_serial, INT32_MAX);
			return NULL;
		}
		process = &registry->processes[next % FORKSAN_MAX_PROCESSES];
		if (!registry_reach_new(process, sizeof *process))
			return NULL;
		if (!take_process_slot(process, pid))
			continue;
		raise_at_least(&registry->header.process_high,
			       registry_process_slot(process).n + 1);
		*serial = (struct serial){next};
		return process;
	}
	return NULL;
}

void registry_publish_process(struct registry_process *process, pid_t pid)
{
	uint32_t word = load_relaxed(&process->state);
	int32_t unknown = 0;

	compare_exchange_acq_rel(&process->pid, &unknown, pid);
	/* The parent may come after the child's end. */
	if ((word & 0xff) == PROCESS_BUSY)
		compare_exchange_acq_rel(&process->state, &word, PROCESS_LIVE);
}

void registry_abandon_process(struct registry_process *process)
{
	store_release(&process->serial, 0);
	store_release(&process->state, PROCESS_FREE);
}

void registry_retire_process(struct registry_process *process)
{
	uint32_t live = PROCESS_LIVE;

	compare_exchange_acq_rel(&process->state, &live, PROCESS_EXITED);
}

struct registry_process *registry_find_process(struct serial serial)
{
	struct registry_process *process;

	if (serial.n == 0)
		return NULL;
	process = registry_process((struct process_slot){serial.n % FORKSAN_MAX_PROCESSES});
	return process && load_acquire(&process->serial) == serial.n ? process : NULL;
}

struct registry_process *registry_find_pid(pid_t pid)
{
	uint32_t high = registry_process_high();

	for (uint32_t i = 0; i < high; i++) {
		struct registry_process *process = registry_process((struct process_slot){i});

		if (process && load_acquire(&process->state) == PROCESS_LIVE &&
		    load_relaxed(&process->pid) == pid &&
		    registry_knows_pids_of(load_relaxed(&process->pid_namespace)) &&
		    registry_process_alive(process))
			return process;
	}
	return NULL;
}
