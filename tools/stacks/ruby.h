/* SPDX-License-Identifier: MIT */
/*
 * Ruby's frames in another process.
 */
#ifndef FORKSAN_TOOLS_STACKS_RUBY_H
#define FORKSAN_TOOLS_STACKS_RUBY_H

#include "stacks/interpreters.h"

/* As interpreter_walk(); `interpreter` has Ruby's module. */
void ruby_walk(const struct interpreter *interpreter, pid_t tid, struct stack_capture *capture);

#endif
