/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * What a system call was given: which it is, its arguments, and the bytes that it moved.
 */
#ifndef FORKSAN_TOOLS_WATCHER_CALL_BPF_H
#define FORKSAN_TOOLS_WATCHER_CALL_BPF_H

#include "watcher/ring.bpf.h"

#define MAX_IOVECS 8

struct call {
	__s32 number; /* -1: not in a system call */
	__u64 arguments[3];
};

enum call_shape {
	CALL_OTHER,    /* sendfile, splice, io_uring: the bytes are elsewhere */
	CALL_BUFFER,   /* (fd, buffer, length) */
	CALL_VECTOR,   /* (fd, iovec, count) */
	CALL_MESSAGE,  /* (fd, msghdr) */
	CALL_MESSAGES, /* (fd, mmsghdr, count): of several nobody says which it is */
};

#define SHAPES 512 /* a power of two */

#if defined(__TARGET_ARCH_x86)
static __always_inline void find_call(struct call *call, struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	call->number = regs->orig_ax;
	call->arguments[0] = regs->di;
	call->arguments[1] = regs->si;
	call->arguments[2] = regs->dx;
}

static const __u8 shapes[SHAPES] = {
	[0] = CALL_BUFFER,     /* read */
	[1] = CALL_BUFFER,     /* write */
	[44] = CALL_BUFFER,    /* sendto */
	[45] = CALL_BUFFER,    /* recvfrom */
	[19] = CALL_VECTOR,    /* readv */
	[20] = CALL_VECTOR,    /* writev */
	[46] = CALL_MESSAGE,   /* sendmsg */
	[47] = CALL_MESSAGE,   /* recvmsg */
	[299] = CALL_MESSAGES, /* recvmmsg */
	[307] = CALL_MESSAGES, /* sendmmsg */
};

#define CALL_SENDFILE 40
#elif defined(__TARGET_ARCH_arm64)
static __always_inline void find_call(struct call *call, struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	call->number = regs->syscallno;
	call->arguments[0] = regs->orig_x0;
	call->arguments[1] = regs->regs[1];
	call->arguments[2] = regs->regs[2];
}

static const __u8 shapes[SHAPES] = {
	[63] = CALL_BUFFER,    /* read */
	[64] = CALL_BUFFER,    /* write */
	[206] = CALL_BUFFER,   /* sendto */
	[207] = CALL_BUFFER,   /* recvfrom */
	[65] = CALL_VECTOR,    /* readv */
	[66] = CALL_VECTOR,    /* writev */
	[211] = CALL_MESSAGE,  /* sendmsg */
	[212] = CALL_MESSAGE,  /* recvmsg */
	[243] = CALL_MESSAGES, /* recvmmsg */
	[269] = CALL_MESSAGES, /* sendmmsg */
};

#define CALL_SENDFILE 71
#endif

/* A table, so that the verifier has one path and not one for each call. */
static __always_inline enum call_shape shape_of(__s32 number)
{
	__u64 index = (__u32)number;

	if (index >= SHAPES)
		return CALL_OTHER;
	__asm__ volatile("" : "+r"(index)); /* or the next line is thought to be of no use */
	return shapes[index & (SHAPES - 1)];
}

struct user_iovec {
	__u64 base;
	__u64 len;
};

struct copy {
	struct event_use *use; /* with room for two halves of bytes */
	const struct call *call;
	enum call_shape shape;
	__u64 vector; /* of struct user_iovec, in the process's memory */
	__u64 count;
	__u64 left; /* bytes that the call moved and that are not copied yet */
};

/* Copies the piece with that index.  1: it was the last.  How far it came is kept in the record,
 * of whose contents the verifier thinks nothing: it would follow each value of a variable. */
static __always_inline long copy_piece(__u32 index, struct copy *copy, const __u32 half)
{
	struct user_iovec iovec = {copy->call->arguments[1], copy->call->arguments[2]};
	struct event_use *use = copy->use;
	__u32 at = use->len_bytes;
	__u64 n;

	if (copy->left == 0 || at >= half || index >= copy->count)
		return 1;
	if (copy->shape != CALL_BUFFER &&
	    bpf_probe_read_user(&iovec, sizeof iovec,
				(void *)(copy->vector + index * sizeof iovec))) {
		count_loss(EVENT_LOST_BYTES);
		return 1;
	}
	n = iovec.len < copy->left ? iovec.len : copy->left;
	copy->left -= n;
	if (n >= half) {
		n = half - 1;
		copy->left = 0; /* a longer piece is cut, and nothing follows it */
	}
	at &= half - 1;
	n &= half - 1;
	if (n > 0 && bpf_probe_read_user(use->bytes + at, n, (void *)iovec.base)) {
		count_loss(EVENT_LOST_BYTES);
		return 1;
	}
	use->len_bytes = at + n;
	return 0;
}

static long copy_few(__u32 index, struct copy *copy)
{
	return copy_piece(index, copy, EVENT_FEW_BYTES / 2);
}

static long copy_many(__u32 index, struct copy *copy)
{
	return copy_piece(index, copy, EVENT_MANY_BYTES / 2);
}

/* Copies the first bytes that the call moved, at most EVENT_MANY_BYTES or EVENT_FEW_BYTES. */
static __always_inline void copy_bytes(struct event_use *use, bool many, const struct call *call,
				       __u64 moved)
{
	struct copy copy = {.use = use,
			    .call = call,
			    .shape = shape_of(call->number),
			    .vector = call->arguments[1],
			    .count = call->arguments[2],
			    .left = moved};
	struct user_iovec message;

	if (copy.shape == CALL_OTHER || (copy.shape == CALL_MESSAGES && copy.count > 1))
		return;
	if (copy.shape == CALL_BUFFER)
		copy.count = 1;
	if (copy.shape == CALL_MESSAGE || copy.shape == CALL_MESSAGES) {
		/* struct user_msghdr: name, namelen, iov at 16, iovlen at 24 */
		if (bpf_probe_read_user(&message, sizeof message, (void *)(copy.vector + 16))) {
			count_loss(EVENT_LOST_BYTES);
			return;
		}
		copy.vector = message.base;
		copy.count = message.len;
	}
	if (many)
		bpf_loop(MAX_IOVECS, copy_many, &copy, 0);
	else
		bpf_loop(MAX_IOVECS, copy_few, &copy, 0);
}

#endif
