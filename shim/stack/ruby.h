/* SPDX-License-Identifier: MIT */
/*
 * What ruby.c and ruby27.c share.  Nobody else includes this.
 */
#ifndef FORKSAN_SHIM_STACK_RUBY_H
#define FORKSAN_SHIM_STACK_RUBY_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/walk.h"

/* The functions of one libruby.  A frame is a method entry or an instruction sequence ("iseq"). */
struct ruby {
	struct stack_home home;
	uintptr_t vm; /* where the pointer to the VM is, up to 3.1 */
	int (*is_native_thread)(void);
	int (*frames)(int start, int limit, uint64_t *frames, int *lines);
	uint64_t (*path)(uint64_t frame);
	uint64_t (*absolute_path)(uint64_t frame);
	uint64_t (*label)(uint64_t frame);
	uint32_t (*iseq_line)(uint64_t iseq, uint64_t position); /* 2.7 only, else NULL */
	bool short_len_in_flags;
};

/* True for an address that holds an instruction sequence. */
bool stack_ruby_is_iseq(struct peek *peek, uint64_t frame);

/* Appends the frame, unless it has no file; false when no more are wanted. */
bool stack_ruby_push(struct stack_capture *capture, const struct ruby *ruby, uint64_t frame,
		     uint32_t line);

void stack_ruby27_walk(struct stack_capture *capture, const struct ruby *ruby, uintptr_t vm);

#endif
