/* SPDX-License-Identifier: MIT */
/*
 * forksan-attach as a child of `forksan attach`: started, told to end, waited for.  The two share a
 * socket, the control: a byte from the watcher means that everything is watched, and when this end
 * is closed, by the end of this process too, the watcher ends.
 */
#ifndef FORKSAN_TOOLS_ATTACH_WATCHER_H
#define FORKSAN_TOOLS_ATTACH_WATCHER_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct watcher {
	char path[PATH_MAX];
	int control;
	pid_t pid;
};

/* Finds forksan-attach: beside this program, else in ../libexec/forksan/ of its directory.  False,
 * with a message: it was not built, or not installed. */
bool watcher_find(struct watcher *watcher);

/* Starts it with `arguments`, which end with NULL, and FORKSAN_OPTIONS=`options`; returns when
 * everything is watched.  False: it could not, and has said why. */
bool watcher_start(struct watcher *watcher, char *const arguments[], const char *options);

/* False when it has ended by itself. */
bool watcher_runs(const struct watcher *watcher);

/* Has it end, and waits until it has read and judged what the kernel had left.  False: it ended by
 * a signal, or could not do its work. */
bool watcher_stop(struct watcher *watcher);

#endif
