/* SPDX-License-Identifier: MIT */
/*
 * Where CPython keeps what a stack needs, for each version: byte offsets in its structures.
 *
 * 3.8 to 3.12 keep the offsets private, so python_layout.c has a table; from 3.13 on every
 * interpreter carries a table for readers like this one, at the start of _PyRuntime.
 */
#ifndef FORKSAN_SHIM_STACK_PYTHON_LAYOUT_H
#define FORKSAN_SHIM_STACK_PYTHON_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/peek.h"

struct python_layout {
	uint16_t version; /* 0x030b is 3.11 */
	/* PyThreadState */
	uint16_t thread_id;
	uint16_t thread_frame; /* the innermost frame, or the _PyCFrame that points to it */
	int16_t cframe_frame;  /* offset in _PyCFrame; -1: thread_frame is the frame itself */
	/* PyFrameObject up to 3.10, _PyInterpreterFrame since */
	uint16_t frame_code;
	uint16_t frame_previous;
	uint16_t frame_instruction; /* f_lasti (int) up to 3.10; a pointer into the code since */
	uint16_t frame_owner;	    /* a byte; 0: frames have no owner */
	/* PyCodeObject */
	uint16_t code_filename;
	uint16_t code_name; /* co_qualname where there is one */
	uint16_t code_first_instruction;
	/* PyASCIIObject and PyCompactUnicodeObject */
	uint16_t ascii_size;
	uint16_t compact_size;
};

/* False when the version is not known.  `runtime` is the address of _PyRuntime or 0. */
bool stack_python_layout(struct peek *peek, uint16_t version, uintptr_t runtime,
			 struct python_layout *out);

#endif
