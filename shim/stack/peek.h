/* SPDX-License-Identifier: MIT */
/*
 * Reading memory that belongs to somebody else: an interpreter's frames, the loader's list, another
 * function's stack frame.  A structure was found by the layout in some version's sources, and a
 * signal may have interrupted the owner halfway, so any pointer in a structure can be wrong.  A
 * peek answers "no" where a plain load would end the host.
 *
 * The kernel is asked about a page once in a capture, with a system call that changes nothing; then
 * the bytes are read plainly.  The gap between question and read is harmless: the bytes belong to
 * the calling thread's own live frames, or to objects that those frames hold.  Measured: 0.1 us for
 * a new page, 2 ns for a known one.  Two ranges are read without asking, since neither can go away
 * while the thread is inside: the thread's own stack, and the unwinding tables of the file whose
 * code the thread runs.
 *
 * Any thread, signal handler, fork and vfork child.  Never blocks, never touches errno.
 */
#ifndef FORKSAN_SHIM_STACK_PEEK_H
#define FORKSAN_SHIM_STACK_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The smallest page of the supported machines; a larger one is asked about in pieces. */
#define PEEK_PAGE_SHIFT 12
#define PEEK_PAGES 32

/* Memory that can be read without asking; empty when high is 0. */
struct peek_range {
	uintptr_t low;
	uintptr_t high;
};

/* The memory that one capture knows to be readable. */
struct peek {
	struct peek_range stack; /* the thread's own, see own_stack.h */
	struct peek_range file;	 /* the tables of the module that the walk is in */
	/* Pages that the kernel was asked about, direct-mapped by number; 0: a free entry, since
	 * page 0 is not readable.  32 hold the working set of a walk (measured: no gain from 64).
	 */
	uintptr_t pages[PEEK_PAGES];
};

static inline void peek_init(struct peek *peek)
{
	memset(peek, 0, sizeof(*peek));
}

/* The caller answers for [low, high) until the range is replaced: no page in the range is asked
 * about. */
static inline void peek_trust(struct peek_range *range, uintptr_t low, uintptr_t high)
{
	*range = (struct peek_range){low, high};
}

/* Asks the kernel about the page that holds `address` and remembers a yes. */
bool peek_page(struct peek *peek, uintptr_t address);

/* Says that the process does not run under valgrind, which would not understand the quicker of the
 * two questions of peek.c.  The scan of loaded files (stack.c) calls this. */
void peek_ask_faster(void);

static inline bool peek_is_inside(const struct peek_range *range, uintptr_t address,
				  size_t len_bytes)
{
	return address >= range->low && address + len_bytes <= range->high;
}

/* True when [address, address + len) can be read; false too when the range wraps or is longer than
 * a megabyte, which no object here ever is. */
static inline bool peek_can_read(struct peek *peek, uintptr_t address, size_t len_bytes)
{
	uintptr_t page = address >> PEEK_PAGE_SHIFT;
	uintptr_t last = (address + len_bytes - 1) >> PEEK_PAGE_SHIFT;

	if (len_bytes == 0)
		return true;
	if (len_bytes > 1u << 20 || address + len_bytes < address)
		return false;
	if (peek_is_inside(&peek->stack, address, len_bytes) ||
	    peek_is_inside(&peek->file, address, len_bytes))
		return true;
	for (; page <= last; page++) {
		if (page == 0)
			return false;
		if (peek->pages[page % PEEK_PAGES] != page && !peek_page(peek, address))
			return false;
		address = (page + 1) << PEEK_PAGE_SHIFT;
	}
	return true;
}

/* Copies `len_bytes` from `address` to `out`; false, with `out` unchanged, when any byte cannot be
 * read. */
bool peek_copy(struct peek *peek, uintptr_t address, void *out, size_t len_bytes);

/* peek_copy() for a caller that reads once, memory that a call of the host names: by
 * process_vm_readv(2), which leaves no gap between question and read, and where that is denied as
 * above.  In the gap another thread would have to unmap memory that a call of its own program is
 * about to read. */
bool peek_own(const void *address, void *out, size_t len_bytes);

/* Loads of one word.  False, with *out unchanged, when the word cannot be read. */
bool peek_u64(struct peek *peek, uintptr_t address, uint64_t *out);
bool peek_u32(struct peek *peek, uintptr_t address, uint32_t *out);
bool peek_pointer(struct peek *peek, uintptr_t address, uintptr_t *out);

/* Copies a string of at most size - 1 bytes, adds a NUL and sets *len_bytes to the length.  Stops
 * where readable memory ends.  False: not even the first byte can be read. */
bool peek_string(struct peek *peek, uintptr_t address, char *out, size_t size, size_t *len_bytes);

#endif
