/* SPDX-License-Identifier: MIT */
/*
 * Where libforksan.so is, and which kind of program can load the library.
 */
#ifndef FORKSAN_TOOLS_TARGET_LIBRARY_H
#define FORKSAN_TOOLS_TARGET_LIBRARY_H

#include <limits.h>
#include <stdbool.h>

struct library {
	char path[PATH_MAX]; /* absolute */
	int elf_class;	     /* ELFCLASS64, ... */
	int machine;	     /* EM_X86_64, ... */
	bool for_musl;	     /* built for musl; else for glibc */
};

/* Finds the library: beside the tool itself (build/), else in ../lib/ of that directory, else where
 * $FORKSAN_LIBRARY points.  False, with a message of `verb`: the library was not found or cannot be
 * preloaded. */
bool library_find(const char *verb, struct library *library);

#endif
