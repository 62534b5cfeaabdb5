/* SPDX-License-Identifier: MIT */
/*
 * One line on a terminal that says how far a long read is; nothing elsewhere, nor for a short read.
 */
#ifndef FORKSAN_TOOLS_PROGRESS_H
#define FORKSAN_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool shows; /* stderr is a terminal */
	bool drawn;
	uint64_t next_ms; /* not before this time (CLOCK_MONOTONIC) */
};

void progress_begin(struct progress *progress);

/* Call often; draws four times a second.  `size` 0: not known. */
void progress_show(struct progress *progress, const char *name, uint64_t bytes, uint64_t size);

/* Takes the line off the terminal, before other output and at the end. */
void progress_clear(struct progress *progress);

#endif
