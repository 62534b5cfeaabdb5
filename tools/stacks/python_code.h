/* SPDX-License-Identifier: MIT */
/*
 * Which field a function of two instructions returns: "return x->field" and "return global".  That
 * is how the offsets are found that no table has; a function that does more is not understood.
 * Reads the process that memory.h looks at.
 */
#ifndef FORKSAN_TOOLS_STACKS_PYTHON_CODE_H
#define FORKSAN_TOOLS_STACKS_PYTHON_CODE_H

#include <stdbool.h>
#include <stdint.h>

/* The offset that the function at `address` adds to its argument; false: it does something else. */
bool python_code_field(uint64_t address, int32_t *offset);

/* The address of the global pointer that the function returns. */
bool python_code_global(uint64_t address, uint64_t *global);

#endif
