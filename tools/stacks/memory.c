/* SPDX-License-Identifier: MIT */
/*
 * See memory.h.
 */
#include "stacks/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <uthash.h>

#include "stack/peek.h"

#define PAGE_BYTES 4096
#define PAGES 64

static pid_t looked_at;
static pid_t stand_in;	  /* 0: none */
static uint32_t keeps_as; /* 0: nothing is kept */

/* Pages that were read for the present stack, direct-mapped by number; 0: free. */
static struct page {
	uintptr_t number;
	uint8_t bytes[PAGE_BYTES];
} pages[PAGES];

/* Pages that were read of programs, whatever became of their processes: at most 16 MiB. */
#define KEPT_PAGES 4096

static struct kept_page {
	struct kept_key {
		uint64_t number;
		uint64_t program;
	} key;
	uint8_t bytes[PAGE_BYTES];
	UT_hash_handle hh; /* in the order in which they came; first: the oldest */
} * kept_pages;

static const struct memory_piece *laid_over;
static size_t laid_over_count;

static void forget_pages(void)
{
	for (size_t i = 0; i < PAGES; i++)
		pages[i].number = 0;
}

void memory_look_at(pid_t pid)
{
	looked_at = pid;
	stand_in = 0;
	keeps_as = 0;
	laid_over_count = 0;
	forget_pages();
}

void memory_stand_in(pid_t pid)
{
	stand_in = pid;
}

void memory_keep(uint32_t program)
{
	keeps_as = program;
}

void memory_lay_over(const struct memory_piece *pieces, size_t count)
{
	laid_over = pieces;
	laid_over_count = count;
	forget_pages();
}

/* Copies what of the piece lies in the page. */
static void lay_over(const struct memory_piece *piece, struct page *page)
{
	uint64_t begin = page->number * PAGE_BYTES, end = begin + PAGE_BYTES;
	uint64_t from = piece->address > begin ? piece->address : begin;
	uint64_t to = piece->address + piece->len_bytes;

	if (to > end)
		to = end;
	if (from < to)
		memcpy(page->bytes + (from - begin),
		       (const uint8_t *)piece->bytes + (from - piece->address), to - from);
}

static bool read_from(pid_t pid, uintptr_t number, struct page *page)
{
	struct iovec here = {page->bytes, PAGE_BYTES};
	struct iovec there = {(void *)(number * PAGE_BYTES), PAGE_BYTES};

	return process_vm_readv(pid, &here, 1, &there, 1, 0) == PAGE_BYTES;
}

static struct kept_page *find_kept(uintptr_t number)
{
	struct kept_key key = {number, keeps_as};
	struct kept_page *kept;

	HASH_FIND(hh, kept_pages, &key, sizeof key, kept);
	return kept;
}

static void keep(uintptr_t number, const struct page *page)
{
	struct kept_page *kept = find_kept(number);

	if (keeps_as == 0)
		return;
	if (kept || HASH_COUNT(kept_pages) == KEPT_PAGES) {
		kept = kept ? kept : kept_pages;
		HASH_DELETE(hh, kept_pages, kept);
	} else {
		kept = malloc(sizeof *kept);
	}
	if (!kept)
		return;
	kept->key = (struct kept_key){number, keeps_as};
	memcpy(kept->bytes, page->bytes, PAGE_BYTES);
	HASH_ADD(hh, kept_pages, key, sizeof kept->key, kept);
}

static bool recall(uintptr_t number, struct page *page)
{
	const struct kept_page *kept = keeps_as != 0 ? find_kept(number) : NULL;

	if (kept)
		memcpy(page->bytes, kept->bytes, PAGE_BYTES);
	return kept != NULL;
}

/* From the process; where that has no such page any more from its parent, or else from what was
 * kept. */
static bool read_or_recall(uintptr_t number, struct page *page)
{
	if (!read_from(looked_at, number, page) &&
	    !(stand_in != 0 && read_from(stand_in, number, page)))
		return recall(number, page);
	keep(number, page);
	return true;
}

static const struct page *read_page(uintptr_t number)
{
	struct page *page = &pages[number % PAGES];

	if (number == 0)
		return NULL;
	if (page->number == number)
		return page;
	page->number = 0;
	if (!read_or_recall(number, page))
		return NULL;
	page->number = number;
	for (size_t i = 0; i < laid_over_count; i++)
		lay_over(&laid_over[i], page);
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
