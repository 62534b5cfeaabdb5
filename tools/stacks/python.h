/* SPDX-License-Identifier: MIT */
/*
 * Python's threads in another process.
 */
#ifndef FORKSAN_TOOLS_STACKS_PYTHON_H
#define FORKSAN_TOOLS_STACKS_PYTHON_H

#include "stack/python_frames.h"
#include "stacks/interpreters.h"

/* An interpreter: its layout, and where its lists of interpreters and threads are. */
struct python {
	struct python_types types;
	uint64_t runtime;      /* the address of _PyRuntime or 0 */
	uint64_t interpreters; /* the address of the first one's address */
	int32_t next_interpreter, first_thread, next_thread;
};

/* False: the version is not known, or one of Python's own functions is not understood. */
bool python_find(struct peek *peek, const struct interpreter *interpreter, struct python *python);

/* Says that the next frames are this interpreter's. */
void python_begin(const struct python *python);

/* Appends the frames of every state for whose thread is_wanted() is true, given its pthread_t. */
void python_walk_threads(const struct python *python,
			 bool (*is_wanted)(uint64_t pthread, uint64_t argument), uint64_t argument,
			 struct stack_capture *capture);

/* As interpreter_walk(). */
void python_walk(const struct interpreter *interpreter, pid_t tid, struct stack_capture *capture);

#endif
