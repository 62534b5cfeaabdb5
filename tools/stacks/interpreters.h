/* SPDX-License-Identifier: MIT */
/*
 * The frames of an interpreter in another process.
 */
#ifndef FORKSAN_TOOLS_STACKS_INTERPRETERS_H
#define FORKSAN_TOOLS_STACKS_INTERPRETERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <elfutils/libdwfl.h>

#include "stack/walk.h"

/* An interpreter among the process's files. */
struct interpreter {
	enum language language; /* LANGUAGE_NATIVE: none was found */
	struct module module;
	uint64_t data_start, data_end; /* of the file's writable segment, the last one */
	uint16_t version;	       /* of Python, from the file's name; 0: not there */
	uint8_t build_id[FORKSAN_BUILD_ID_BYTES]; /* zeros: it has none */
};

/* True when the program itself, whatever its file is called, is an interpreter.  `pid` is the
 * process that memory_look_at() names. */
bool interpreter_find_program(pid_t pid, struct interpreter *out);

/* True when a library among the files of `dwfl` is one. */
bool interpreter_find_library(Dwfl *dwfl, struct interpreter *out);

/* Appends the frames of the thread to the capture, innermost first; `tid` is the thread's number in
 * the process's own pid namespace.  Nothing is appended where the
 * interpreter, its version or the thread is not known. */
void interpreter_walk(const struct interpreter *interpreter, pid_t tid,
		      struct stack_capture *capture);

#endif
