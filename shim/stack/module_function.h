/* SPDX-License-Identifier: MIT */
/*
 * Names of functions for reports that are written in the target: only from mapped memory, the
 * dynamic symbols of files that this process has met in a stack.  Nothing is opened or read from
 * disk, so that a report costs the host as little with a million symbols as with ten; names that
 * are in no dynamic table, source lines and demangling are the work of `forksan report`.
 *
 * No system call once a file is known, no lock, no allocation.  Async-signal-safe.
 */
#ifndef FORKSAN_SHIM_STACK_MODULE_FUNCTION_H
#define FORKSAN_SHIM_STACK_MODULE_FUNCTION_H

#include <stddef.h>
#include <stdint.h>

#include "stack/module.h"
#include "stack/peek.h"

/* Remembers where the symbols of a file are; `readable` holds the file's tables.  Called by
 * module_intern() when the file is met for the first time; a fork child inherits the parent's
 * notes. */
void module_note_functions(struct peek *peek, const struct module *module, uint32_t number,
			   const struct peek_range *readable);

/* Writes the name of the function at `offset` (from the load base) in the file with this number,
 * with a NUL, cut to size - 1, and returns the length.  0: the file is not loaded in this process,
 * or the offset is in no function that its dynamic symbols name. */
size_t module_function_name(uint32_t number, uint64_t offset, char *out, size_t size);

#endif
