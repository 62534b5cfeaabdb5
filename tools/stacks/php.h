/* SPDX-License-Identifier: MIT */
/*
 * PHP's frames in another process.
 */
#ifndef FORKSAN_TOOLS_STACKS_PHP_H
#define FORKSAN_TOOLS_STACKS_PHP_H

#include "stacks/interpreters.h"

/* As interpreter_walk(); PHP without threads has one stack. */
void php_walk(const struct interpreter *interpreter, struct stack_capture *capture);

#endif
