/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Processes have a number in each pid namespace that they are in, from the first one down to their
 * own.  User space is told the numbers of forksan-attach's namespace, by which /proc knows them
 * there.
 */
#ifndef FORKSAN_TOOLS_WATCHER_PID_NAMESPACE_BPF_H
#define FORKSAN_TOOLS_WATCHER_PID_NAMESPACE_BPF_H

#include "watcher/kernel.bpf.h"

/* Forksan-attach's namespace: its depth below the first one, and the kernel's object.  0, 0: the
 * first one, which is what is left where the iterator that finds them is refused. */
__u32 own_level;
__u64 own_namespace;

/* 0: it has no number there, since its own namespace does not lie in that one. */
static __always_inline __s32 number_there(struct pid *pid)
{
	struct upid there;

	if (BPF_CORE_READ(pid, level) < own_level ||
	    bpf_probe_read_kernel(&there, sizeof there, &pid->numbers[0] + own_level) ||
	    (own_namespace && (__u64)there.ns != own_namespace))
		return 0;
	return there.nr;
}

static __always_inline __s32 process_number(struct task_struct *task)
{
	return number_there(BPF_CORE_READ(task, signal, pids[PIDTYPE_TGID]));
}

static __always_inline __s32 thread_number(struct task_struct *task)
{
	return number_there(BPF_CORE_READ(task, thread_pid));
}

/* Called by a program that forksan-attach runs itself. */
static __always_inline void find_own_namespace(void)
{
	struct pid *pid = BPF_CORE_READ(bpf_get_current_task_btf(), thread_pid);
	__u32 level = BPF_CORE_READ(pid, level);
	struct upid own;

	if (bpf_probe_read_kernel(&own, sizeof own, &pid->numbers[0] + level))
		return;
	own_level = level;
	own_namespace = (__u64)own.ns;
}

#endif
