/* SPDX-License-Identifier: MIT */
/*
 * The native frames of a thread of another process, by libdw from the registers that are known.
 */
#ifndef FORKSAN_TOOLS_STACKS_NATIVE_H
#define FORKSAN_TOOLS_STACKS_NATIVE_H

#include <elfutils/libdwfl.h>
#include <jansson.h>

#include "stacks/registers.h"

/* Appends an object for each frame to `frames`, innermost first. */
void native_walk(Dwfl *dwfl, pid_t pid, pid_t tid, const struct registers *registers,
		 json_t *frames);

#endif
