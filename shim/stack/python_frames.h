/* SPDX-License-Identifier: MIT */
/*
 * Python frames, read as data: from the innermost one of a thread outwards.  python.c finds that
 * frame in its own process, `forksan attach` in another one.
 *
 * Safety as walk.h: every object is read through peek.h, and the type of each is checked.
 */
#ifndef FORKSAN_SHIM_STACK_PYTHON_FRAMES_H
#define FORKSAN_SHIM_STACK_PYTHON_FRAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/python_layout.h"
#include "stack/walk.h"

/* An interpreter, as far as its frames need. */
struct python_types {
	uintptr_t code_type;   /* PyCode_Type */
	uintptr_t string_type; /* PyUnicode_Type */
	/* PyCode_Addr2Line(), or a function that answers the same: the line at the byte offset in
	 * the code object, not positive when not known. */
	int (*line_of)(uintptr_t code, int byte_offset);
	struct python_layout layout;
};

/* The innermost frame of a thread state; 0: no frame. */
uintptr_t stack_python_innermost_frame(struct peek *peek, const struct python_layout *layout,
				       uintptr_t thread);

/* Appends one frame: a code object, and the instruction as the frame has it (python_layout.h).
 * False: `code` is no code object. */
bool stack_python_push(struct stack_capture *capture, const struct python_types *types,
		       uintptr_t code, uint64_t instruction);

/* Appends `frame` and the frames outwards to the capture. */
void stack_python_walk_frames(struct stack_capture *capture, const struct python_types *types,
			      uintptr_t frame);

#endif
