/* SPDX-License-Identifier: MIT */
/* Interpreter frames while a walker gathers them, in the packing of struct registry_stack. */
#ifndef FORKSAN_SHIM_STACK_TEXT_H
#define FORKSAN_SHIM_STACK_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "forksan/finding.h"
#include "forksan/limits.h"

struct stack_text {
	uint16_t count;
	uint16_t len_bytes;
	uint16_t truncated;
	uint16_t has_own; /* a frame of the application's own has come, see culprit.h */
	char bytes[FORKSAN_STACK_TEXT_BYTES];
};

/* Appends one frame, outermost last.  Strings are cut at their bound; a frame that does not fit
 * sets truncated.  Pure, async-signal-safe. */
void stack_text_push(struct stack_text *text, enum language language, const char *function,
		     size_t function_len, const char *file, size_t file_len, uint32_t line);

#endif
