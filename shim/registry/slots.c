/* SPDX-License-Identifier: MIT */
/*
 * Slots of processes by index and serial, each bounded here, and the change LIVE -> EXITED, which a
 * process makes at its own exit, or for a process that it finds dead.
 */
#include "registry/parts.h"

FORKSAN_IN_EACH_CHILD struct registry_process *registry_process(struct process_slot slot)
{
	struct registry_process *process;

	if (slot.n >= FORKSAN_MAX_PROCESSES)
		return NULL;
	process = &registry_mapping->processes[slot.n];
	return registry_reach(process, sizeof *process) ? process : NULL;
}

FORKSAN_IN_EACH_CHILD void registry_note_pid(const struct registry_process *process, pid_t pid)
{
	_Atomic int32_t *noted = &registry_mapping->process_pid[registry_process_slot(process).n];
	struct registry_header *header = &registry_mapping->header;

	if (!registry_reach(noted, sizeof *noted))
		return;
	store_relaxed(noted, pid);
	if (pid != 0 && registry_pid_namespace != header->creator_pid_namespace)
		store_relaxed(&header->pids_elsewhere, 1);
}

FORKSAN_IN_EACH_CHILD struct process_slot
registry_process_slot(const struct registry_process *process)
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

FORKSAN_IN_EACH_CHILD bool registry_end_process(struct registry_process *process)
{
	uint32_t live = PROCESS_LIVE;

	return compare_exchange_acq_rel(&process->state, &live, PROCESS_EXITED);
}

bool registry_retire_process(struct registry_process *process)
{
	_Atomic int32_t *noted = &registry_mapping->process_pid[registry_process_slot(process).n];
	int32_t pid = load_relaxed(&process->pid);

	if (!registry_end_process(process))
		return false;
	/* The slot may be another process's by now, with that process's pid. */
	if (registry_reach(noted, sizeof *noted))
		compare_exchange_acq_rel(noted, &pid, 0);
	return true;
}
