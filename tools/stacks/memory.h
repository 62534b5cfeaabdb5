/* SPDX-License-Identifier: MIT */
/*
 * The memory of another process, read while the process goes on: the shim's peek.h here reads the
 * process that memory_look_at() names.  One thread.
 */
#ifndef FORKSAN_TOOLS_STACKS_MEMORY_H
#define FORKSAN_TOOLS_STACKS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Has peek.h read that process from now on, and forgets what was read before. */
void memory_look_at(pid_t pid);

/* Has another process be read for what the first has not any more, since it has ended or runs
 * another program: its parent, which has what both had at the fork.  Until memory_look_at() is
 * called again. */
void memory_stand_in(pid_t pid);

/* Has the pages that are read be kept as those of a program, and has what was kept of it stand in
 * where neither the process nor its parent has them: code, names and lines of a program do not
 * change.  Until memory_look_at() is called again.  Processes of one program have one number: those
 * that were forked from one another without an exec between. */
void memory_keep(uint32_t program);

/* Memory as it was at another time. */
struct memory_piece {
	uint64_t address;
	const void *bytes;
	size_t len_bytes;
};

/* Has the pieces stand in place of what the process has there, until memory_look_at() is called
 * again.  They are borrowed. */
void memory_lay_over(const struct memory_piece *pieces, size_t count);

/* Copies from the process; false: not readable. */
bool memory_read(uint64_t address, void *out, size_t len_bytes);

#endif
