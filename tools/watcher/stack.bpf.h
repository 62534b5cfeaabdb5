/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * The registers, the stack and the interpreter's frames of the current task, as one event.
 */
#ifndef FORKSAN_TOOLS_WATCHER_STACK_BPF_H
#define FORKSAN_TOOLS_WATCHER_STACK_BPF_H

#include "watcher/frames.bpf.h"
#include "watcher/ring.bpf.h"

__u32 next_stack;

#if defined(__TARGET_ARCH_x86)
static __always_inline __u64 thread_pointer(struct task_struct *task)
{
	return task->thread.fsbase;
}

static __always_inline void take_registers(struct event_stack *stack, struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	stack->registers[0] = regs->ax;
	stack->registers[1] = regs->dx;
	stack->registers[2] = regs->cx;
	stack->registers[3] = regs->bx;
	stack->registers[4] = regs->si;
	stack->registers[5] = regs->di;
	stack->registers[6] = regs->bp;
	stack->registers[7] = regs->sp;
	stack->registers[8] = regs->r8;
	stack->registers[9] = regs->r9;
	stack->registers[10] = regs->r10;
	stack->registers[11] = regs->r11;
	stack->registers[12] = regs->r12;
	stack->registers[13] = regs->r13;
	stack->registers[14] = regs->r14;
	stack->registers[15] = regs->r15;
	stack->registers[16] = regs->ip;
	stack->sp = regs->sp;
	stack->thread_pointer = thread_pointer(task);
}
#elif defined(__TARGET_ARCH_arm64)
static __always_inline __u64 thread_pointer(struct task_struct *task)
{
	return task->thread.uw.tp_value;
}

static __always_inline void take_registers(struct event_stack *stack, struct task_struct *task)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);

	for (int i = 0; i < 31; i++)
		stack->registers[i] = regs->regs[i];
	stack->registers[31] = regs->sp;
	stack->registers[32] = regs->pc;
	stack->sp = regs->sp;
	stack->thread_pointer = thread_pointer(task);
}
#endif

/* Tells the stack of the current task; returns its number, 0: it is lost.  The pages that a call
 * stands on are in memory; reading ends at the first that is not.  Global, so that the verifier
 * looks at it once for each program and not along every path to it. */
__noinline __u32 tell_stack(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct event_stack *stack;
	__u32 number;

	if (!has_room() || !(stack = bpf_ringbuf_reserve(&events, sizeof *stack, 0))) {
		count_loss(EVENT_LOST_STACK);
		return 0;
	}
	number = __sync_fetch_and_add(&next_stack, 1) + 1;
	fill_event(&stack->event, task, EVENT_STACK, 0, number);
	take_registers(stack, task);
	stack->len_bytes = 0;
	for (int i = 0; i < EVENT_STACK_BYTES / EVENT_STACK_CHUNK; i++) {
		if (bpf_probe_read_user(stack->bytes + i * EVENT_STACK_CHUNK, EVENT_STACK_CHUNK,
					(void *)(stack->sp + i * EVENT_STACK_CHUNK)))
			break;
		stack->len_bytes = (i + 1) * EVENT_STACK_CHUNK;
	}
	take_frames(stack);
	bpf_ringbuf_submit(stack, 0);
	return number;
}

#endif
