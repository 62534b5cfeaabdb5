/* SPDX-License-Identifier: MIT */
/*
 * See memory.h.
 */
#include "stacks/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "stack/peek.h"

#define PAGE_BYTES 4096
#define PAGES 64

static pid_t looked_at;

/* Pages that were read for the present stack, direct-mapped by number; 0: free. */
static struct page {
	uintptr_t number;
	uint8_t bytes[PAGE_BYTES];
} pages[PAGES];

void memory_look_at(pid_t pid)
{
	looked_at = pid;
	for (size_t i = 0; i < PAGES; i++)
		pages[i].number = 0;
}

static const struct page *read_page(uintptr_t number)
{
	struct page *page = &pages[number % PAGES];
	struct iovec here = {page->bytes, PAGE_BYTES};
	struct iovec there = {(void *)(number * PAGE_BYTES), PAGE_BYTES};

	if (number == 0)
		return NULL;
	if (page->number == number)
		return page;
	page->number = 0;
	if (process_vm_readv(looked_at, &here, 1, &there, 1, 0) != PAGE_BYTES)
		return NULL;
	page->number = number;
	return page;
}

bool memory_read(uint64_t address, void *out, size_t len_bytes)
{
	uint8_t *to = out;

	while (len_bytes > 0) {
		const struct page *page = read_page(address / PAGE_BYTES);
		size_t offset = address % PAGE_BYTES;
		size_t n = PAGE_BYTES - offset < len_bytes ? PAGE_BYTES - offset : len_bytes;

		if (!page)
			return false;
		memcpy(to, page->bytes + offset, n);
		to += n;
		address += n;
		len_bytes -= n;
	}
	return true;
}

/* --- peek.h ----------------------------------------------------------------------------------- */

bool peek_page(struct peek *peek, uintptr_t address)
{
	(void)peek;
	return read_page(address / PAGE_BYTES) != NULL;
}

bool peek_copy(struct peek *peek, uintptr_t address, void *out, size_t len_bytes)
{
	(void)peek;
	return memory_read(address, out, len_bytes);
}

bool peek_u64(struct peek *peek, uintptr_t address, uint64_t *out)
{
	return peek_copy(peek, address, out, sizeof *out);
}

bool peek_u32(struct peek *peek, uintptr_t address, uint32_t *out)
{
	return peek_copy(peek, address, out, sizeof *out);
}

bool peek_pointer(struct peek *peek, uintptr_t address, uintptr_t *out)
{
	return peek_copy(peek, address, out, sizeof *out);
}

bool peek_string(struct peek *peek, uintptr_t address, char *out, size_t size, size_t *len_bytes)
{
	size_t len = 0;

	while (len < size - 1 && peek_copy(peek, address + len, out + len, 1) && out[len] != '\0')
		len++;
	out[len] = '\0';
	*len_bytes = len;
	return len > 0;
}
