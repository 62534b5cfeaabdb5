/* SPDX-License-Identifier: MIT */
/*
 * Ruby's frames in another process.
 */
#ifndef FORKSAN_TOOLS_STACKS_RUBY_H
#define FORKSAN_TOOLS_STACKS_RUBY_H

#include "stacks/interpreters.h"

/* Finds where a thread keeps the pointer to its execution context (ruby_current_ec), as an offset
 * from the thread pointer: the same for all threads of the process, where libruby was there from
 * the start.  0: that is not so, the thread runs no Ruby, or the version (3.0 and later) is not
 * known. */
int64_t ruby_find(const struct interpreter *interpreter, struct peek *peek,
		  uint64_t thread_pointer);

/* Appends the frames of the thread. */
void ruby_walk_at(const struct interpreter *interpreter, uint64_t thread_pointer, int64_t offset,
		  struct stack_capture *capture);

/* As interpreter_walk(); `interpreter` has Ruby's module. */
void ruby_walk(const struct interpreter *interpreter, pid_t tid, struct stack_capture *capture);

#endif
