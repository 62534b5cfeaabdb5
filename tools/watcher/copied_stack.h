/* SPDX-License-Identifier: MIT */
/*
 * The stacks that the kernel copied: native frames by libdw from the copied registers and bytes,
 * interpreters' frames by actor_interpreter.h.  stack_take() of stack/stack.h gives the stack of
 * the record that is being judged.
 */
#ifndef FORKSAN_TOOLS_WATCHER_COPIED_STACK_H
#define FORKSAN_TOOLS_WATCHER_COPIED_STACK_H

#include <stdint.h>

#include "watcher/event.h"
#include "stack/stack.h"

/* Keeps a STACK record for the record that follows. */
void copied_stack_keep(const struct event_stack *stack);

/* The next stack_take() is about the stack with that number; 0: no stack was taken. */
void copied_stack_use(uint32_t number);

#endif
