/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * What the kernel's part knows of a connection.
 */
#ifndef FORKSAN_TOOLS_WATCHER_SOCKET_STATE_BPF_H
#define FORKSAN_TOOLS_WATCHER_SOCKET_STATE_BPF_H

#include "watcher/kernel.bpf.h"

/* How many stacks were told of the uses of a process. */
struct stack_count {
	__u32 number; /* of the process */
	__u32 stacks;
};

#define STACK_COUNTS 8 /* a power of two: processes born one after the other have each its own */

struct socket_state {
	__u64 last;   /* word of the latest use */
	__u64 way[2]; /* of the latest read and the latest write */
	__u64 opener; /* word of the process that has it open first, as far as is known; 0: not */
	/* The claim of a call that is under way (gate.bpf.h): whose, and what it replaced. */
	__u64 claimed_by;
	__u64 claimed_over;
	__u32 doubtful; /* number of the process whose writes may be a goodbye (gate.bpf.h) */
	__u32 calls;
	__u32 stacks;  /* told of uses, in all */
	__u32 ignored; /* 1: not a connection that this side has opened */
	__u32 is_old;  /* 1: it was open when forksan-attach came */
	__u32 reserved;
	struct stack_count stack_counts[STACK_COUNTS];
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct socket_state);
} sockets SEC(".maps");

/* References to the socket's open file; 0: the last descriptor is closed, or there never was one.
 */
static __always_inline __u32 references(struct sock *sk)
{
	struct socket *socket = sk->sk_socket;
	struct file *file = socket ? socket->file : NULL;

	return file ? file_references(file) : 0;
}

/* A look at a process's descriptors ends here: where there are more, they are not counted. */
#define MAX_DESCRIPTORS 4096
#define DESCRIPTORS_AT_ONCE 16

struct descriptor_count {
	__u64 file; /* its address */
	struct file **files;
	__u32 descriptors;
	__u32 own;
};

/* 1 or 0.  No branch: the verifier of Linux 6.1 follows each one of the sixteen to both sides. */
static __always_inline __u32 differ(__u64 one, __u64 other)
{
	__u64 difference = one ^ other, negative = -difference;

	__asm__ volatile("" : "+r"(negative)); /* or it becomes a branch */
	return (difference | negative) >> 63;
}

static long count_descriptors(__u32 index, struct descriptor_count *count)
{
	__u64 files[DESCRIPTORS_AT_ONCE];

	/* A table's size is a multiple of the bits in a long. */
	if (index >= count->descriptors / DESCRIPTORS_AT_ONCE ||
	    bpf_probe_read_kernel(files, sizeof files,
				  count->files + (__u64)index * DESCRIPTORS_AT_ONCE))
		return 1;
	for (int i = 0; i < DESCRIPTORS_AT_ONCE; i++)
		count->own += 1 - differ(files[i], count->file);
	return 0;
}

/* How many of the references to the socket's open file are descriptors of the task's process; 0: it
 * has too many descriptors to look at. */
static __always_inline __u32 own_descriptors(struct sock *sk, struct task_struct *task)
{
	struct socket *socket = sk->sk_socket;
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct descriptor_count count = {.file = socket ? (__u64)BPF_CORE_READ(socket, file) : 0};

	count.files = BPF_CORE_READ(table, fd);
	count.descriptors = BPF_CORE_READ(table, max_fds);
	if (!count.file || count.descriptors > MAX_DESCRIPTORS)
		return 0;
	bpf_loop(MAX_DESCRIPTORS / DESCRIPTORS_AT_ONCE, count_descriptors, &count, 0);
	return count.own;
}

#endif
