/* SPDX-License-Identifier: MIT */
/* DWARF expressions, as rules of call frame information use them. */
#ifndef FORKSAN_SHIM_STACK_CFI_EXPRESSION_H
#define FORKSAN_SHIM_STACK_CFI_EXPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/cfi_registers.h"
#include "stack/peek.h"

/* Evaluates the expression at `block`: the length as ULEB128, then the bytes.  When push_first is
 * set, `first` is pushed before the first operation.  False, with *out unchanged, when the
 * expression cannot be read, uses an operation that is not known here, or leaves its stack empty.
 * Memory is read through `peek`.  No loop of the expression runs for ever.  Async-signal-safe. */
bool cfi_evaluate(struct peek *peek, uintptr_t block, const struct cfi_registers *registers,
		  bool push_first, uint64_t first, uint64_t *out);

#endif
