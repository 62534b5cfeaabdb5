/* SPDX-License-Identifier: MIT */
/*
 * All processes and descriptors of this machine in one pass of the kernel, where the kernel permits
 * that; forksan-attach has the programs for it.
 *
 * A process that this user may not look at through /proc is seen here, too.
 */
#ifndef FORKSAN_TOOLS_SCAN_ITERATOR_H
#define FORKSAN_TOOLS_SCAN_ITERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forksan/descriptors.h"

/* The records without those that end them. */
struct iterator_records {
	void *bytes; /* of both arrays */
	const struct process_record *processes;
	size_t process_count;
	const struct descriptor_record *descriptors;
	size_t descriptor_count;
	uint64_t descriptors_seen; /* of any kind */
};

/* Makes the pass.  False: there is no forksan-attach, or the kernel does not permit the pass to
 * this user; /proc has to be read.  The caller frees with iterator_free() in either case. */
bool iterator_read(struct iterator_records *records);
void iterator_free(struct iterator_records *records);

#endif
