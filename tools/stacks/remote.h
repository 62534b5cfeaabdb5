/* SPDX-License-Identifier: MIT */
/*
 * The process that the shim's readers of interpreters look at, besides its memory (memory.h).
 */
#ifndef FORKSAN_TOOLS_STACKS_REMOTE_H
#define FORKSAN_TOOLS_STACKS_REMOTE_H

#include "stack/module.h"

/* The mapped file that module_find() knows from now on. */
void remote_set_interpreter(const struct module *module);

/* The process's working directory, before relative file names that exist there. */
void remote_set_directory(const char *path);

#endif
