/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * In Linux 7.2 a program at a tracepoint can be preempted, and meanwhile the kernel runs that
 * program for no other process on the same processor: it is passed over, which the kernel counts
 * (recursion_misses), of everybody's calls.  So a program that works for long says where it does,
 * and a second one at the same tracepoint, which works for no time, sees whose calls are lost.
 */
#ifndef FORKSAN_TOOLS_WATCHER_PASSED_OVER_BPF_H
#define FORKSAN_TOOLS_WATCHER_PASSED_OVER_BPF_H

#include "watcher/kernel.bpf.h"

/* User space sets it before the programs are loaded, as it loads the second program: elsewhere
 * nobody is passed over, and the verifier takes out what stands here. */
const volatile bool has_witness;

enum working { WORKING_RECEIVE, WORKING_SEND, WORKING_STATE, WORKING_COUNT };

/* Processors on which somebody works in that program: what others pay ends with this. */
__u32 at_work[WORKING_COUNT];

/* Who does on this processor; 0: nobody. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WORKING_COUNT);
	__type(key, __u32);
	__type(value, __u64); /* address of its task */
} working SEC(".maps");

static __always_inline void set_working(enum working program, struct task_struct *task)
{
	__u32 key = program;
	__u64 *who = bpf_map_lookup_elem(&working, &key);

	if (who)
		*who = (__u64)task;
}

/* The current task works from here to work_ends(), on one processor. */
static __always_inline void work_begins(enum working program)
{
	if (!has_witness)
		return;
	set_working(program, bpf_get_current_task_btf());
	__sync_fetch_and_add(&at_work[program], 1);
}

static __always_inline void work_ends(enum working program)
{
	if (!has_witness)
		return;
	__sync_fetch_and_add(&at_work[program], -1);
	set_working(program, NULL);
}

/* True when the kernel has passed the program over for the current task. */
static __always_inline bool is_passed_over(enum working program)
{
	__u32 key = program;
	__u64 *who;

	if (!at_work[program])
		return false;
	who = bpf_map_lookup_elem(&working, &key);
	return who && *who && *who != (__u64)bpf_get_current_task_btf();
}

#endif
