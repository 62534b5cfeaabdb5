/* SPDX-License-Identifier: MIT */
/*
 * Where forksan-attach is, the program that watches from outside.
 */
#ifndef FORKSAN_TOOLS_TARGET_WATCHER_PATH_H
#define FORKSAN_TOOLS_TARGET_WATCHER_PATH_H

#include <limits.h>
#include <stdbool.h>

#define WATCHER_NAME "forksan-attach"

/* Finds forksan-attach: beside this program, else in ../libexec/forksan/ of its directory.  False:
 * it was not built, or not installed. */
bool watcher_path(char out[PATH_MAX]);

#endif
