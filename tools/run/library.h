/* SPDX-License-Identifier: MIT */
/*
 * Where libforksan.so is, and what kind of program it can be loaded into.
 */
#ifndef FORKSAN_TOOLS_RUN_LIBRARY_H
#define FORKSAN_TOOLS_RUN_LIBRARY_H

#include <limits.h>
#include <stdbool.h>

struct run_library {
	char path[PATH_MAX]; /* absolute */
	int elf_class;	     /* ELFCLASS64, ... */
	int machine;	     /* EM_X86_64, ... */
};

/* Finds the library: beside the tool itself (build/), else in ../lib/ of that directory, else where
 * $FORKSAN_LIBRARY says.  False, with a message, when it is nowhere or cannot be preloaded. */
bool run_library_find(struct run_library *library);

#endif
