/* SPDX-License-Identifier: MIT */
/*
 * Ruby 2.7's frames of the calling thread.
 *
 * rb_profile_frames() reads the execution context of the thread that has the GVL, which during a
 * blocking call is some other thread, at work.  So the calling thread's context is looked for among
 * the VM's threads, and the control frames there are read as data:
 *
 *   VM ..list.. thread: node, self, vm, ec, ..., id       thread.id is pthread_self()
 *   ec: stack, size in words, frame -> 7 words a frame, outwards to the stack's end
 *
 * The list's place in the VM differs between builds, and is found by a thread's fourth word, which
 * must be the address of the VM.  The walk over the list races with threads that come and go; a
 * wrong pointer ends the walk.
 *
 * Sources: ruby 2.7 vm_core.h (rb_thread_struct, rb_execution_context_struct,
 * rb_control_frame_struct, rb_iseq_struct, rb_iseq_constant_body).
 */
#include "stack/ruby27.h"

#include <pthread.h>

#define THREAD_NEXT 0
#define THREAD_VM 24
#define THREAD_CONTEXT 32
#define THREAD_WORDS 64 /* the id is among these */
#define VM_WORDS 128	/* the list of threads begins among these */
#define MAX_THREADS 4096

#define CONTEXT_STACK 0
#define CONTEXT_STACK_WORDS 8
#define CONTEXT_FRAME 16

#define FRAME_PC 0
#define FRAME_ISEQ 16
#define FRAME_BYTES 56

#define ISEQ_BODY 16
#define BODY_INSTRUCTIONS_LEN 4
#define BODY_INSTRUCTIONS 8

static bool is_thread(struct peek *peek, uintptr_t address, uintptr_t vm)
{
	uintptr_t word;

	return address % 8 == 0 && address > 4096 &&
	       peek_pointer(peek, address + THREAD_VM, &word) && word == vm;
}

static bool is_own_thread(struct peek *peek, uintptr_t thread)
{
	uint64_t self = (uint64_t)pthread_self();

	for (unsigned i = 0; i < THREAD_WORDS; i++) {
		uint64_t word;

		if (!peek_u64(peek, thread + i * 8, &word))
			return false;
		if (word == self)
			return true;
	}
	return false;
}

/* The execution context of the calling thread, or 0. */
static uintptr_t find_context(struct peek *peek, uintptr_t vm)
{
	uintptr_t thread = 0;
	uintptr_t context;

	for (unsigned i = 0; i < VM_WORDS; i++) {
		if (!peek_pointer(peek, vm + i * 8, &thread))
			return 0;
		if (is_thread(peek, thread, vm))
			break;
	}
	/* the list ends in the VM, which is no thread */
	for (unsigned i = 0; i < MAX_THREADS && is_thread(peek, thread, vm); i++) {
		if (is_own_thread(peek, thread))
			return peek_pointer(peek, thread + THREAD_CONTEXT, &context) ? context : 0;
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

void stack_ruby27_walk(struct stack_capture *capture, const struct ruby *ruby, uintptr_t vm)
{
	struct peek *peek = &capture->peek;
	uintptr_t context = find_context(peek, vm);
	uintptr_t frame, stack;
	uint64_t words;

	if (context == 0 || !peek_pointer(peek, context + CONTEXT_STACK, &stack) ||
	    !peek_u64(peek, context + CONTEXT_STACK_WORDS, &words) ||
	    !peek_pointer(peek, context + CONTEXT_FRAME, &frame) || frame < stack ||
	    words > 1u << 28)
		return;
	for (unsigned i = 0; i < STACK_MAX_WALKED && frame + FRAME_BYTES <= stack + words * 8;
	     i++, frame += FRAME_BYTES) {
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
