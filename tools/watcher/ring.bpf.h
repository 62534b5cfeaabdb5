/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * The ring buffer of events that user space reads, and the counts of what did not fit.
 */
#ifndef FORKSAN_TOOLS_WATCHER_RING_BPF_H
#define FORKSAN_TOOLS_WATCHER_RING_BPF_H

#include "watcher/event.h"
#include "watcher/kernel.bpf.h"
#include "watcher/pid_namespace.bpf.h"

const volatile __u32 ring_bytes; /* set before the programs are attached */

__u64 lost[EVENT_LOST_COUNT];

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 26);
} events SEC(".maps");

static __always_inline void count_loss(enum event_loss loss)
{
	__sync_fetch_and_add(&lost[loss], 1);
}

/* False when so much waits to be read that only records without stacks and bytes may follow. */
static __always_inline bool has_room(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) < ring_bytes / 4 * 3;
}

/* `task`: who acts. */
static __always_inline void fill_event(struct event *event, struct task_struct *task,
				       enum event_kind kind, __u64 word, __u32 stack)
{
	event->kind = kind;
	event->stack = stack;
	event->word = word;
	event->time_ns = bpf_ktime_get_ns();
	event->pid = process_number(task);
	event->tid = thread_number(task);
	bpf_probe_read_kernel_str(event->comm, sizeof event->comm, task->comm);
}

#endif
