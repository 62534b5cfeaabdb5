/* SPDX-License-Identifier: MIT */
/*
 * Reading memory that belongs to somebody else: an interpreter's frames, the loader's list, another
 * function's stack frame.  The structures were found by their layout in some version's sources, and
 * a signal may have interrupted their owner halfway, so any pointer among them can be wrong.  A
 * peek answers "no" where a plain load would end the host.
 *
 * A page is asked about once in a capture, with a system call that changes nothing, and its answer
 * kept in a small table on the caller's stack; then the bytes are read plainly.  The gap between
 * the two is harmless: what is read belongs to the calling thread's own live frames, or to objects
 * they hold.  Measured: 0.1 us for a new page, 2 ns for a known one.
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

/* Pages known to be readable, direct-mapped by number.  512 bytes would be 64 of them; 32 hold the
 * working set of a walk (measured: no gain from 64). */
struct peek {
	uintptr_t pages[PEEK_PAGES]; /* page number; 0: none, which is no readable page */
};

static inline void peek_init(struct peek *peek)
{
	memset(peek, 0, sizeof(*peek));
}

/* Asks the kernel about the page that holds `address` and remembers a yes. */
bool peek_page(struct peek *peek, uintptr_t address);

/* From now on the quicker of two questions may be asked, which valgrind would not understand: it is
 * not there.  Once in a process is enough. */
void peek_ask_faster(void);

/* True when [address, address + len) can be read; false too when it wraps or is longer than a
 * megabyte, which nothing here ever is. */
static inline bool peek_range(struct peek *peek, uintptr_t address, size_t len_bytes)
{
	uintptr_t page = address >> PEEK_PAGE_SHIFT;
	uintptr_t last = (address + len_bytes - 1) >> PEEK_PAGE_SHIFT;

	if (len_bytes == 0)
		return true;
	if (len_bytes > 1u << 20 || address + len_bytes < address)
		return false;
	for (; page <= last; page++) {
		if (page == 0)
			return false;
		if (peek->pages[page % PEEK_PAGES] != page && !peek_page(peek, address))
			return false;
		address = (page + 1) << PEEK_PAGE_SHIFT;
	}
	return true;
}

/* Copies `len_bytes` from `address` to `out`; false, with `out` unchanged, when they cannot be
 * read. */
bool peek_copy(struct peek *peek, uintptr_t address, void *out, size_t len_bytes);

/* Loads of one word.  False, with *out unchanged, when it cannot be read. */
bool peek_u64(struct peek *peek, uintptr_t address, uint64_t *out);
bool peek_u32(struct peek *peek, uintptr_t address, uint32_t *out);
bool peek_pointer(struct peek *peek, uintptr_t address, uintptr_t *out);

/* Copies a string of at most size - 1 bytes and ends it with a NUL; returns its length.  Stops
 * where memory does.  False: not even the first byte can be read. */
bool peek_string(struct peek *peek, uintptr_t address, char *out, size_t size, size_t *len_bytes);

#endif
