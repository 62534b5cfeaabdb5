/* SPDX-License-Identifier: MIT */
/*
 * What `forksan-attach --descriptors` writes for `forksan scan`: a record for each process, by
 * number, and one with pid 0 that ends them; then a record for each descriptor that may be of
 * interest, by process and number, and one with pid 0 that ends them.  The kernel's part writes
 * them, so the types are Linux's own.
 */
#ifndef FORKSAN_DESCRIPTORS_H
#define FORKSAN_DESCRIPTORS_H

#include <linux/types.h>

struct process_record {
	__u32 pid; /* pids are those of the first pid namespace */
	__u32 parent_pid;
	__u64 started_ns; /* since the boot */
	char comm[16];
	__u32 thread_count;
	__u32 is_narrow; /* its addresses have 32 bits */
	/* Processes with the same number are in the same control groups, in the same namespaces:
	 * the kernel's object that says which, whose address means nothing else. */
	__u64 cgroups;
	__u64 namespaces;
};

/* Of an epoll instance, or of a socket that more than one descriptor refers to. */
struct descriptor_record {
	__u32 pid;
	__s32 fd;
	__u64 inode; /* of the socket, as in /proc/PID/fd; 0: an epoll instance.  At the end: how
			many descriptors of any kind were looked at */
	__u32 close_on_exec;
	__u32 reserved;
};

#endif
