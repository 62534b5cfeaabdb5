/* SPDX-License-Identifier: MIT */
/* A question that forksan-attach answers on its standard output before it ends. */
#ifndef FORKSAN_TOOLS_TARGET_WATCHER_ASK_H
#define FORKSAN_TOOLS_TARGET_WATCHER_ASK_H

#include <stdbool.h>
#include <sys/types.h>

/* Starts forksan-attach at `path` with that one argument, and without the caller's preloads.
 * Returns its pid, for watcher_answered(), and in *out a descriptor of what it writes, which the
 * caller closes; -1: it cannot be started.  `quiet`: what it says on standard error goes nowhere.
 */
pid_t watcher_ask(const char *path, const char *question, bool quiet, int *out);

/* Waits for the end; returns the status of waitpid(2). */
int watcher_answered(pid_t child);

#endif
