/* SPDX-License-Identifier: MIT */
/*
 * See ruby_thread.h.
 *
 *   VM ..list.. thread: node, self, [ractor,] vm, [native thread,] ec ...
 *   ec: stack, size in words, frame -> 7 or 8 words a frame, outwards to the stack's end
 *
 * A thread is known by the word that must be the address of the VM.  The main one is the first of
 * the list of threads.  The walk over the list races with threads that come and go; a wrong pointer
 * ends the walk. Threads of other ractors than the main one are in lists of their own, and are not
 * found.
 *
 * Sources: ruby 2.7.4, 3.1.2, 3.3.8 and 3.4 vm_core.h (rb_vm_struct, rb_thread_struct,
 * rb_execution_context_struct, rb_control_frame_struct, rb_iseq_struct, rb_iseq_constant_body).
 */
#include "stack/ruby_thread.h"

#define THREAD_NEXT 0
#define VM_WORDS 128 /* in 2.7 the address of the main thread is among these */
#define MAX_THREADS 4096

#define CONTEXT_STACK 0
#define CONTEXT_STACK_WORDS 8
#define CONTEXT_FRAME 16

#define FRAME_PC 0
#define FRAME_ISEQ 16

#define ISEQ_BODY 16
#define BODY_INSTRUCTIONS_LEN 4
#define BODY_INSTRUCTIONS 8

struct ruby_thread_layout ruby_thread_layout(unsigned major, unsigned minor)
{
	if (major == 2) /* no ractors yet; what is before the main thread differs between builds */
		return (struct ruby_thread_layout){0, 24, 32, 56};
	if (minor <= 1) /* 3.1 has both the word of 3.0 and that of 3.2 at a frame's end */
		return (struct ruby_thread_layout){40, 32, 40, minor == 1 ? 64 : 56};
	return (struct ruby_thread_layout){40, 32, 48, 56};
}

static bool is_thread(struct peek *peek, const struct ruby_thread_layout *layout, uintptr_t address,
		      uintptr_t vm)
{
	uintptr_t word;

	return address % 8 == 0 && address > 4096 &&
	       peek_pointer(peek, address + layout->vm, &word) && word == vm;
}

/* The main thread of the VM; 0: `vm` is no VM. */
static uintptr_t find_main(struct peek *peek, const struct ruby_thread_layout *layout, uintptr_t vm)
{
	uintptr_t thread;

	if (layout->main_thread != 0)
		return peek_pointer(peek, vm + layout->main_thread, &thread) &&
				       is_thread(peek, layout, thread, vm)
			       ? thread
			       : 0;
	for (unsigned i = 0; i < VM_WORDS; i++) {
		if (!peek_pointer(peek, vm + i * 8, &thread))
			return 0;
		if (is_thread(peek, layout, thread, vm))
			return thread;
	}
	return 0;
}

/* The frames of a context: [*frame, *end), the innermost first.  False: `context` is none. */
static bool read_frames(struct peek *peek, uintptr_t context, uintptr_t *frame, uintptr_t *end)
{
	uintptr_t stack;
	uint64_t words;

	if (!peek_pointer(peek, context + CONTEXT_STACK, &stack) ||
	    !peek_u64(peek, context + CONTEXT_STACK_WORDS, &words) ||
	    !peek_pointer(peek, context + CONTEXT_FRAME, frame) || words > 1u << 28)
		return false;
	*end = stack + words * 8;
	return stack != 0 && *frame >= stack && *frame <= *end;
}

bool ruby_thread_is_vm(struct peek *peek, const struct ruby_thread_layout *layout, uintptr_t vm)
{
	uintptr_t thread, context, frame, end;

	if (vm % 8 != 0 || vm < 4096)
		return false;
	thread = find_main(peek, layout, vm);
	return thread != 0 && peek_pointer(peek, thread + layout->context, &context) &&
	       read_frames(peek, context, &frame, &end);
}

uintptr_t ruby_thread_find_context(struct peek *peek, const struct ruby_thread_layout *layout,
				   uintptr_t vm,
				   bool (*is_wanted)(struct peek *peek, uintptr_t thread))
{
	uintptr_t thread = find_main(peek, layout, vm);
	uintptr_t context;

	/* the list ends in its owner, which is no thread */
	for (unsigned i = 0; i < MAX_THREADS && is_thread(peek, layout, thread, vm); i++) {
		if (is_wanted(peek, thread))
			return peek_pointer(peek, thread + layout->context, &context) ? context : 0;
		if (!peek_pointer(peek, thread + THREAD_NEXT, &thread))
			return 0;
	}
	return 0;
}

static uint32_t read_line(struct peek *peek, const struct ruby *ruby, uintptr_t iseq, uintptr_t pc)
{
	uintptr_t body, instructions;
	uint32_t count;
	uint64_t at;

	if (!peek_pointer(peek, iseq + ISEQ_BODY, &body) ||
	    !peek_u32(peek, body + BODY_INSTRUCTIONS_LEN, &count) ||
	    !peek_pointer(peek, body + BODY_INSTRUCTIONS, &instructions))
		return 0;
	at = (pc - instructions) / 8;
	if (pc < instructions || at > count)
		return 0;
	/* pc is that of the next instruction */
	return ruby->iseq_line(iseq, at > 0 ? at - 1 : 0);
}

void ruby_thread_walk(struct stack_capture *capture, const struct ruby *ruby,
		      const struct ruby_thread_layout *layout, uintptr_t context)
{
	struct peek *peek = &capture->peek;
	uintptr_t frame, end;

	if (!read_frames(peek, context, &frame, &end))
		return;
	for (unsigned i = 0; i < STACK_MAX_WALKED && frame + layout->frame_bytes <= end;
	     i++, frame += layout->frame_bytes) {
		uintptr_t pc, iseq;
		uint32_t line;

		if (!peek_pointer(peek, frame + FRAME_PC, &pc) ||
		    !peek_pointer(peek, frame + FRAME_ISEQ, &iseq))
			return;
		if (pc == 0 || !ruby_frame_is_iseq(peek, iseq))
			continue;
		line = read_line(peek, ruby, iseq, pc);
		if (line != 0 && !ruby_frame_push(capture, ruby, iseq, line))
			return;
	}
}
