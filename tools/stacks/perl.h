/* SPDX-License-Identifier: MIT */
/*
 * Perl's frames in another process.
 *
 * The shim's own walker reads them: it calls no function of Perl but pthread_getspecific(), in
 * whose place stands PL_curinterp here, the interpreter of the main thread.
 */
#ifndef FORKSAN_TOOLS_STACKS_PERL_H
#define FORKSAN_TOOLS_STACKS_PERL_H

#include "stacks/interpreters.h"

/* The address of the pointer to the interpreter; 0: Perl without threads. */
uint64_t perl_current(const struct interpreter *interpreter, struct peek *peek);

/* Where PL_curcop and PL_curstackinfo are, from the interpreter on where there is one; false: the
 * machine code of Perl's own function is not understood. */
bool perl_find(const struct interpreter *interpreter, struct peek *peek,
	       struct stack_perl_places *places);

/* Appends the frames, and says where they begin; false: nothing was found. */
bool perl_walk_at(const struct interpreter *interpreter, struct stack_capture *capture,
		  struct stack_perl_places *places);

/* As interpreter_walk(). */
void perl_walk(const struct interpreter *interpreter, struct stack_capture *capture);

#endif
