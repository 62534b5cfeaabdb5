/* SPDX-License-Identifier: MIT */
/*
 * Python frames of watched processes: CPython 3.8 to 3.14.
 *
 * Where an interpreter keeps its threads is read from the machine code of four of its own functions
 * (PyInterpreterState_Head() and the like return a field each); where a thread keeps its frames is
 * shim/stack/python_layout.h's.  Both go to the kernel, which then reads code objects and
 * instructions at the very call; names and lines are read here, afterwards.  For a process's first
 * stack, when the kernel does not know its interpreter yet, all is read here.
 */
#ifndef FORKSAN_TOOLS_WATCHER_PYTHON_H
#define FORKSAN_TOOLS_WATCHER_PYTHON_H

#include <stdbool.h>

#include "watcher/event.h"

struct actor;
struct stack_capture;

/* Looks for an interpreter in the actor's program. */
void actor_python_look(struct actor *actor);

/* Looks again in the programs that had none so far: an interpreter may be a library that is loaded
 * later.  Called now and then. */
void actor_python_look_again(void);

/* A forked child has its parent's interpreter. */
void actor_python_inherit(struct actor *child, const struct actor *parent);

/* Appends the Python frames of that stack to the capture.  False: they were read after the call had
 * gone on. */
bool actor_python_walk(struct actor *actor, const struct event_stack *stack,
		       struct stack_capture *capture);

#endif
