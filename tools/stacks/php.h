/* SPDX-License-Identifier: MIT */
/*
 * PHP's frames in another process.
 */
#ifndef FORKSAN_TOOLS_STACKS_PHP_H
#define FORKSAN_TOOLS_STACKS_PHP_H

#include "stacks/interpreters.h"

/* Where frames begin: the address of executor_globals.current_execute_data, and the offset of the
 * file's name in a function. */
struct php_places {
	uint64_t current;
	uint32_t file;
};

/* The address of current_execute_data, as the machine code of one of PHP's functions has it; 0: the
 * code is not understood, or the program has many threads. */
uint64_t php_current(const struct interpreter *interpreter, struct peek *peek);

/* The places, given the first; false: no user code runs. */
bool php_find_from(uint64_t current, struct peek *peek, struct php_places *places);

/* Both, by their nature; false: no user code runs, or the program has many threads. */
bool php_find(const struct interpreter *interpreter, struct peek *peek, struct php_places *places);

/* Appends the frames; PHP without threads has one stack. */
void php_walk_from(const struct php_places *places, struct stack_capture *capture);

/* As interpreter_walk(). */
void php_walk(const struct interpreter *interpreter, struct stack_capture *capture);

#endif
