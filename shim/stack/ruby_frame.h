/* SPDX-License-Identifier: MIT */
/*
 * One frame of Ruby: a method entry or an instruction sequence ("iseq"), its file and its label.
 *
 * ruby.c and ruby_thread.c find frames in different ways and append each with ruby_frame_push().
 */
#ifndef FORKSAN_SHIM_STACK_RUBY_FRAME_H
#define FORKSAN_SHIM_STACK_RUBY_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/walk.h"

/* The functions of one libruby, and the differences between versions. */
struct ruby {
	struct stack_home home;
	uintptr_t vm; /* where the pointer to the VM is, up to 3.1 */
	int (*is_native_thread)(void);
	int (*frames)(int start, int limit, uint64_t *frames, int *lines);
	uint64_t (*path)(uint64_t frame);
	uint64_t (*absolute_path)(uint64_t frame);
	uint64_t (*label)(uint64_t frame);
	uint32_t (*iseq_line)(uint64_t iseq,
			      uint64_t position); /* 2.7, and where nothing is called; else NULL */
	bool short_len_in_flags;
};

/* True for an address that holds an instruction sequence. */
bool ruby_frame_is_iseq(struct peek *peek, uint64_t frame);

/* True for a frame that may be passed to the functions of struct ruby, which end the process when
 * given anything else. */
bool ruby_frame_is_safe(struct peek *peek, uint64_t frame);

/* Copies a String's bytes, the last of one that is too long, and a NUL never; returns the length, 0
 * when `object` is no String. */
size_t ruby_frame_string(struct peek *peek, const struct ruby *ruby, uint64_t object, char *out,
			 size_t size);

/* Appends the frame to capture->text.  A frame without a file (a function written in C) is left
 * out.  False: the text is full and has a frame of the application's own; the caller stops walking.
 */
bool ruby_frame_push(struct stack_capture *capture, const struct ruby *ruby, uint64_t frame,
		     uint32_t line);

#endif
