/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's part knows of a process: the value of its map `processes`, which user space
 * writes for processes that run already.
 */
#ifndef FORKSAN_TOOLS_WATCHER_PROCESS_STATE_H
#define FORKSAN_TOOLS_WATCHER_PROCESS_STATE_H

#include <linux/types.h>

#include "judge/lineage.h"

enum process_flags {
	PROCESS_CONNECTED = 1, /* has, or inherited, a watched connection */
	PROCESS_BORROWS = 2,   /* a vfork child: the number is its parent's */
	PROCESS_STRANGER = 4,  /* who forked it is not known */
	PROCESS_WATCHER = 8,   /* forksan-attach, which is not watched */
};

struct process_state {
	__u64 word; /* event_word() */
	__u32 flags;
	__u32 reserved;
	/* For the judge: a serial is the process's number here.  Of `self` the epoch is not kept.
	 */
	struct lineage_process lineage;
};

#endif
