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

/* Copies from the process; false: not readable. */
bool memory_read(uint64_t address, void *out, size_t len_bytes);

#endif
