/* SPDX-License-Identifier: MIT */
/*
 * Takes the kernel's records one after the other and hands them to the shim's tracker, as the
 * wrappers of libforksan.so hand over calls.
 */
#ifndef FORKSAN_TOOLS_WATCHER_JUDGE_H
#define FORKSAN_TOOLS_WATCHER_JUDGE_H

#include <stddef.h>
#include <stdint.h>

void judge_take(const void *record, size_t len_bytes);

/* Looks at the workers that have lived for a second by now (open-at-fork).  `all`: at all of them,
 * at the end. */
void judge_look_at_workers(void);

/* Has a process that was forked before looked at as soon as connections are known. */
struct actor;
void judge_look_later(struct actor *actor);

#endif
