/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * An interpreter's frames at the very call, as far as they change: user space reads later what they
 * point to (code, names, lines), which stays.
 *
 * Of Python code objects and instructions are taken.  Of the others the memory that holds the
 * frames is copied in pieces, which user space lays over what it reads later:
 *
 *   Ruby   execution context; its control frames, an array from the innermost to the stack's end
 *   Perl   PL_curcop and PL_curstackinfo; of each PERL_SI itself and its innermost contexts
 *   PHP    executor_globals.current_execute_data; the chain of frames
 *
 * User space says where they begin (struct event_interpreter).  Offsets below are those of
 * shim/stack/ (perl.c, php_frame.c) and shim/stack/ruby_thread.c, with their sources.
 */
#ifndef FORKSAN_TOOLS_WATCHER_FRAMES_BPF_H
#define FORKSAN_TOOLS_WATCHER_FRAMES_BPF_H

#include "watcher/kernel.bpf.h"
#include "watcher/event.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __s32); /* pid */
	__type(value, struct event_interpreter);
} interpreters SEC(".maps");

/* A forked child has its parent's interpreter: before user space knows of the child, it may have
 * used a connection. */
static __always_inline void frames_inherit(__s32 child, __s32 parent)
{
	struct event_interpreter *interpreter = bpf_map_lookup_elem(&interpreters, &parent);

	if (interpreter)
		bpf_map_update_elem(&interpreters, &child, interpreter, BPF_ANY);
}

/* The process runs another program. */
static __always_inline void frames_forget(__s32 pid)
{
	bpf_map_delete_elem(&interpreters, &pid);
}

static __always_inline __u64 user_word(__u64 address)
{
	__u64 word = 0;

	if (bpf_probe_read_user(&word, sizeof word, (void *)address))
		return 0;
	return word;
}

/* --- Python --------------------------------------------------------------------------------- */

#define MAX_THREADS 256

struct thread_search {
	const struct event_python *python;
	__u64 thread_pointer;
	__u64 thread; /* the one that is looked at; in the end the one that was found, or 0 */
};

static long is_other_thread(__u32 index, struct thread_search *search)
{
	if (!search->thread ||
	    user_word(search->thread + search->python->thread_id) == search->thread_pointer)
		return 1;
	search->thread = user_word(search->thread + search->python->next_thread);
	return 0;
}

/* The innermost Python frame of the thread with that thread pointer; 0: none. */
static __always_inline __u64 python_frame(const struct event_python *python, __u64 thread_pointer)
{
	__u64 interpreter = user_word(python->interpreters);
	struct thread_search search = {python, thread_pointer, 0};
	__u64 frame;

	if (!interpreter)
		return 0;
	search.thread = user_word(interpreter + python->first_thread);
	bpf_loop(MAX_THREADS, is_other_thread, &search, 0);
	if (!search.thread || user_word(search.thread + python->thread_id) != thread_pointer)
		return 0;
	frame = user_word(search.thread + python->thread_frame);
	if (frame && python->cframe_frame >= 0)
		frame = user_word(frame + python->cframe_frame);
	return frame;
}

struct frame_walk {
	const struct event_python *python;
	struct event_stack *stack;
	__u64 frame;
	__u32 count;
};

static long take_frame(__u32 index, struct frame_walk *walk)
{
	const struct event_python *python = walk->python;
	__u64 frame = walk->frame, code, instruction;
	__u32 count = walk->count;
	__u8 owner = 0;

	if (!frame || count >= EVENT_PYTHON_FRAMES)
		return 1;
	code = user_word(frame + python->frame_code) & ~7ULL;
	instruction = user_word(frame + python->frame_instruction);
	if (python->frame_owner)
		bpf_probe_read_user(&owner, 1, (void *)(frame + python->frame_owner));
	/* enum _frameowner: from 3 on it is the interpreter's own */
	if (owner < 3) {
		if (user_word(code + 8) != python->code_type)
			return 1;
		if (python->instruction_bytes == 4)
			instruction &= 0xffffffff;
		walk->stack->python[count].code = code;
		walk->stack->python[count].instruction = instruction;
		walk->count = count + 1;
	}
	walk->frame = user_word(frame + python->frame_previous);
	return 0;
}

static __always_inline void take_python(struct event_stack *stack,
					const struct event_python *python)
{
	struct frame_walk walk = {python, stack, 0, 0};

	walk.frame = python_frame(python, stack->thread_pointer);
	bpf_loop(2 * EVENT_PYTHON_FRAMES, take_frame, &walk, 0);
	stack->python_count = walk.count;
}

/* --- pieces of memory ---------------------------------------------------------------------------
 */

/* Copies the piece at `address`; NULL: there is no room, or it cannot be read. */
static __always_inline struct event_piece *take_piece(struct event_stack *stack, __u64 address)
{
	struct event_piece *piece;
	__u32 count = stack->piece_count;

	if (!address || count >= EVENT_PIECES)
		return NULL;
	piece = &stack->pieces[count];
	if (bpf_probe_read_user(piece->bytes, sizeof piece->bytes, (void *)address))
		return NULL;
	piece->address = address;
	stack->piece_count = count + 1;
	return piece;
}

struct piece_walk {
	struct event_stack *stack;
	__u64 at;
	__u64 end;
};

/* Copies what lies between `at` and `end`. */
static long take_next_piece(__u32 index, struct piece_walk *walk)
{
	if (walk->at >= walk->end || !take_piece(walk->stack, walk->at))
		return 1;
	walk->at += EVENT_PIECE_BYTES;
	return 0;
}

/* Follows the frames outwards. */
static long take_php_frame(__u32 index, struct piece_walk *walk)
{
	struct event_piece *piece = take_piece(walk->stack, walk->at);

	if (!piece)
		return 1;
	walk->at = piece->words[6]; /* zend_execute_data.prev_execute_data */
	return 0;
}

static __always_inline void take_php(struct event_stack *stack,
				     const struct event_interpreter *interpreter)
{
	struct event_piece *current = take_piece(stack, interpreter->current);
	struct piece_walk walk = {stack, 0, 0};

	if (!current)
		return;
	walk.at = current->words[0];
	bpf_loop(EVENT_PIECES, take_php_frame, &walk, 0);
}

static __always_inline void take_ruby(struct event_stack *stack,
				      const struct event_interpreter *interpreter)
{
	/* rb_execution_context_t: stack, its size in words, the innermost control frame */
	struct event_piece *context =
		take_piece(stack, user_word(stack->thread_pointer + interpreter->current));
	struct piece_walk walk = {stack, 0, 0};

	if (!context)
		return;
	walk.at = context->words[2];
	walk.end = context->words[0] + context->words[1] * 8;
	bpf_loop(EVENT_PIECES, take_next_piece, &walk, 0);
}

/* PERL_SIs that are copied, and of each the contexts: more than one is rare (a sort, a tied
 * variable, a signal). */
#define PERL_STACKINFOS 3
#define PERL_CONTEXTS 20

#define PERL_MAX_CONTEXT_BYTES 136

static __always_inline void take_perl(struct event_stack *stack,
				      const struct event_interpreter *interpreter)
{
	__u64 base = interpreter->interpreter ? user_word(interpreter->interpreter) : 0;
	__u64 bytes =
		interpreter->context_bytes ? interpreter->context_bytes : PERL_MAX_CONTEXT_BYTES;
	struct event_piece *piece;
	__u64 info;

	/* The interpreter is the first thread's. */
	if (stack->event.pid != stack->event.tid || (interpreter->interpreter && !base) ||
	    !take_piece(stack, base + interpreter->current) ||
	    !(piece = take_piece(stack, base + interpreter->stackinfo)))
		return;
	info = piece->words[0];
	for (int i = 0; i < PERL_STACKINFOS; i++) {
		struct piece_walk walk = {stack, 0, 0};
		__s32 innermost;

		piece = take_piece(stack, info);
		if (!piece)
			return;
		info = piece->words[2];		    /* si_prev */
		innermost = (__s32)piece->words[4]; /* si_cxix */
		walk.at = piece->words[1];	    /* si_cxstack */
		walk.end = walk.at + (__u64)(innermost + 1) * bytes;
		if (interpreter->context_bytes && innermost >= PERL_CONTEXTS)
			walk.at = walk.end - PERL_CONTEXTS * bytes;
		bpf_loop(EVENT_PIECES, take_next_piece, &walk, 0);
	}
}

static __always_inline void take_frames(struct event_stack *stack)
{
	struct event_interpreter *interpreter;
	__s32 pid = stack->event.pid;

	stack->python_count = 0;
	stack->piece_count = 0;
	interpreter = bpf_map_lookup_elem(&interpreters, &pid);
	if (!interpreter)
		return;
	switch (interpreter->language) {
	case EVENT_PYTHON:
		take_python(stack, &interpreter->python);
		break;
	case EVENT_RUBY:
		take_ruby(stack, interpreter);
		break;
	case EVENT_PERL:
		take_perl(stack, interpreter);
		break;
	case EVENT_PHP:
		take_php(stack, interpreter);
		break;
	}
}

#endif
