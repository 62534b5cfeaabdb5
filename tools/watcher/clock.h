/* SPDX-License-Identifier: MIT */
/*
 * The time, as the shim's rooms ask for it (sys_clock_ns() of base/sys.h): that of the record which
 * is being judged.
 */
#ifndef FORKSAN_TOOLS_WATCHER_CLOCK_H
#define FORKSAN_TOOLS_WATCHER_CLOCK_H

#include <stdint.h>

/* It is that time (CLOCK_MONOTONIC); 0: it is now. */
void clock_set(uint64_t monotonic_ns);

/* The real time now, CLOCK_MONOTONIC. */
uint64_t clock_now(void);

#endif
