/* SPDX-License-Identifier: MIT */
/*
 * The line of an instruction, from a code object's own table: what PyCode_Addr2Line() does, for the
 * process that memory.h looks at.
 */
#ifndef FORKSAN_TOOLS_STACKS_PYTHON_LINE_H
#define FORKSAN_TOOLS_STACKS_PYTHON_LINE_H

#include <stdint.h>

/* Says which version the next questions are about; `runtime` is the address of _PyRuntime or 0. */
void python_line_version(uint16_t version, uint64_t runtime);

/* As struct python_types wants it: 0 when the line is not known; a negative offset gives the
 * function's first line. */
int python_line(uintptr_t code, int byte_offset);

#endif
