/* SPDX-License-Identifier: MIT */
/*
 * Interpreters' frames of watched processes: Python, Ruby, Perl and PHP, by the readers of
 * tools/stacks.
 *
 * The kernel copies what changes at the very call (frames.bpf.h), once it has been told where an
 * interpreter keeps its frames; code, names and lines are read here, afterwards.  Until it has been
 * told, all is read here, after the call may have gone on.
 */
#ifndef FORKSAN_TOOLS_WATCHER_ACTOR_INTERPRETER_H
#define FORKSAN_TOOLS_WATCHER_ACTOR_INTERPRETER_H

#include <stdbool.h>
#include <stdint.h>

#include "watcher/event.h"

struct actor;
struct stack_capture;

/* Looks for an interpreter in the actor's program, which has just begun. */
void actor_interpreter_look(struct actor *actor);

/* Looks again in the programs of which not all is known: an interpreter may be a library that is
 * loaded later, and some keep their frames in a place that only shows when code runs.  Returns when
 * (CLOCK_MONOTONIC) this is to be called next. */
uint64_t actor_interpreter_look_again(void);

/* A forked child has its parent's interpreter, and is looked at as its parent would be. */
void actor_interpreter_inherit(struct actor *child, const struct actor *parent);

/* Appends the interpreter's frames of that stack to the capture.  False: they were read after the
 * call may have gone on. */
bool actor_interpreter_walk(struct actor *actor, const struct event_stack *stack,
			    struct stack_capture *capture);

#endif
