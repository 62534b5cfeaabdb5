/* SPDX-License-Identifier: MIT */
/*
 * The threads of a Ruby VM, and the frames of one of them, read as data: of Ruby 2.7 in its own
 * process, of every version in another one (forksan scan).
 */
#ifndef FORKSAN_SHIM_STACK_RUBY_THREAD_H
#define FORKSAN_SHIM_STACK_RUBY_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/ruby_frame.h"

#define RUBY_THREAD_WORDS                                                                          \
	64 /* of a thread's structure; what names the native thread is among these */

/* Where Ruby keeps what this file reads; bytes. */
struct ruby_thread_layout {
	uint16_t main_thread; /* in the VM: the address of its main thread; 0: to be searched for */
	uint16_t vm;	      /* in a thread: the address of the VM */
	uint16_t context;     /* in a thread: the address of its execution context */
	uint16_t frame_bytes; /* of a control frame */
};

/* The layout of a version that interpreter_is_read() knows. */
struct ruby_thread_layout ruby_thread_layout(unsigned major, unsigned minor);

/* True when there is a VM at `vm`, whose main thread has frames. */
bool ruby_thread_is_vm(struct peek *peek, const struct ruby_thread_layout *layout, uintptr_t vm);

/* The execution context of the first thread of which `is_wanted` is true; 0: none. */
uintptr_t ruby_thread_find_context(struct peek *peek, const struct ruby_thread_layout *layout,
				   uintptr_t vm,
				   bool (*is_wanted)(struct peek *peek, uintptr_t thread));

/* Appends the frames of a context to capture->text; ruby->iseq_line gives their lines. */
void ruby_thread_walk(struct stack_capture *capture, const struct ruby *ruby,
		      const struct ruby_thread_layout *layout, uintptr_t context);

#endif
