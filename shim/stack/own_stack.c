/* SPDX-License-Identifier: MIT */
/* See own_stack.h. */
#include "stack/own_stack.h"

#include <sys/auxv.h>

#include "forksan/atomics.h"

/* The pages of a stack that is used deeper than this are asked about as they are read. */
#define MAX_PAGES 256
#define PAGE_MASK (~(uintptr_t)((1u << PEEK_PAGE_SHIFT) - 1))

/* Known to be readable; high 0: not known yet.  `high` is set last and once, `low` only falls, each
 * with one store: a signal handler that comes in between finds less than there is. */
static __thread _Atomic uintptr_t low;
static __thread _Atomic uintptr_t high;

/* Where the thread's own block is, whose first word points to itself on x86_64 (ELF handling for
 * thread-local storage, 3.4.6).  gcc before 11 has no built-in for that machine. */
static uintptr_t thread_pointer(void)
{
#if defined(__x86_64__)
	uintptr_t pointer;

	__asm__("movq %%fs:0, %0" : "=r"(pointer));
	return pointer;
#else
	return (uintptr_t)__builtin_thread_pointer();
#endif
}

/* Where the calling thread's stack ends if `here` is on that stack; 0: `here` cannot be on the
 * stack. */
static uintptr_t stack_top(uintptr_t here)
{
	uintptr_t thread = thread_pointer();
	uintptr_t random = getauxval(AT_RANDOM);

	if (here < thread)
		return thread;
	return here < random ? random : 0;
}

/* True when all pages from that of `from` up to `to` can be read. */
static bool is_readable(struct peek *peek, uintptr_t from, uintptr_t to)
{
	if (to - from > (uintptr_t)MAX_PAGES << PEEK_PAGE_SHIFT)
		return false;
	for (uintptr_t page = from & PAGE_MASK; page < to; page += 1u << PEEK_PAGE_SHIFT) {
		if (!peek_page(peek, page))
			return false;
	}
	return true;
}

void own_stack_trust(struct peek *peek)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t top = load_relaxed(&high);
	uintptr_t bottom = load_relaxed(&low);

	if (top == 0 || here >= top) {
		top = bottom = stack_top(here);
		if (top == 0)
			return;
	}
	if (here < bottom) {
		if (!is_readable(peek, here, bottom))
			return;
		store_relaxed(&low, here & PAGE_MASK);
		atomic_signal_fence(memory_order_seq_cst);
		store_relaxed(&high, top);
	}
	peek_trust(&peek->stack, here & PAGE_MASK, top);
}
