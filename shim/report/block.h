/* SPDX-License-Identifier: MIT */
/*
 * A block of text of which every line begins with ==PID==, so that a reader can separate the output
 * of several processes.  Pure; the caller owns the buffer.
 */
#ifndef FORKSAN_SHIM_REPORT_BLOCK_H
#define FORKSAN_SHIM_REPORT_BLOCK_H

#include <sys/types.h>

#include "base/text.h"

struct block {
	struct text text;
	char prefix[24]; /* "==812== " */
};

void block_init(struct block *block, char *bytes, size_t size, pid_t pid);

/* Begins a line; the caller appends the content to block->text, and ends the line. */
void block_begin_line(struct block *block);
void block_end_line(struct block *block);

/* Begins "==812==   label       "; the contents of fields stand in one column. */
void block_begin_field(struct block *block, const char *label);

/* Puts "==812==", without a blank at the end of the line. */
void block_put_empty_line(struct block *block);

#endif
