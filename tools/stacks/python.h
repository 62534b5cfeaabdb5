/* SPDX-License-Identifier: MIT */
/*
 * Python's threads in another process.
 */
#ifndef FORKSAN_TOOLS_STACKS_PYTHON_H
#define FORKSAN_TOOLS_STACKS_PYTHON_H

#include "stacks/interpreters.h"

/* As interpreter_walk(). */
void python_walk(const struct interpreter *interpreter, pid_t tid, struct stack_capture *capture);

#endif
