/* SPDX-License-Identifier: MIT */
/*
 * Declarations for the files of this room alone.
 */
#ifndef FORKSAN_SHIM_PROCESS_PARTS_H
#define FORKSAN_SHIM_PROCESS_PARTS_H

#include "process/process.h"

static inline void process_set_mine(uint64_t word)
{
	store_release(&wiped.process.mine, word);
}

/* Notes the place of this process in the session; NULL: no place. */
void process_set_shared(struct registry_process *shared);

/* Begins this process's next epoch: what it does from here on, a child of before does not know. */
void process_next_epoch(void);

/* Fills a claimed slot for a process whose parent is `parent`. */
void process_fill_slot(struct registry_process *slot, struct serial serial,
		       struct lineage_use parent, pid_t parent_pid);

/* The inode of this process's pid namespace; 0: not known.  One system call. */
uint64_t process_read_pid_namespace(void);

/* Called by a process that enters: what the threads of its parent had announced. */
static inline void process_forget_announced(void)
{
	for (size_t i = 0; i < PROCESS_ANNOUNCEMENTS; i++)
		store_relaxed(&process.announcements[i].thread, 0);
}

#endif
