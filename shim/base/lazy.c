/* SPDX-License-Identifier: MIT */
/*
 * See lazy.h.  Private memory that is not writable is not counted as data (mm/mmap.c,
 * is_data_mapping()), and not committed (mmap(2), MAP_NORESERVE).
 */
#include "base/lazy.h"

#include <sys/mman.h>

#include "base/sys.h"
#include "forksan/atomics.h"

void *lazy_make(struct lazy *lazy, size_t bytes)
{
	uintptr_t none = 0;
	long base;

	/* Whole parts: lazy_write() must not reach into the mapping behind. */
	bytes = (bytes + LAZY_PART_BYTES - 1) / LAZY_PART_BYTES * LAZY_PART_BYTES;
	if (load_acquire(&lazy->base) != 0)
		return (void *)load_acquire(&lazy->base);
	base = sys_mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sys_is_error(base))
		return NULL;
	if (!compare_exchange_acq_rel(&lazy->base, &none, (uintptr_t)base))
		sys_munmap((void *)base, bytes);
	return (void *)load_acquire(&lazy->base);
}

bool lazy_write(struct lazy *lazy, size_t offset)
{
	size_t part = offset / LAZY_PART_BYTES;
	uintptr_t start = load_acquire(&lazy->base) + part * LAZY_PART_BYTES;

	if ((load_acquire(&lazy->writable) >> part & 1) != 0)
		return true;
	if (sys_call(SYS_mprotect, (long)start, LAZY_PART_BYTES, PROT_READ | PROT_WRITE, 0, 0, 0) !=
	    0)
		return false;
	fetch_or_relaxed(&lazy->writable, UINT64_C(1) << part);
	return true;
}

void *lazy_entry(struct lazy *lazy, size_t i, size_t count, size_t entry_bytes)
{
	char *table = lazy_make(lazy, count * entry_bytes);

	if (!table || !lazy_write(lazy, i * entry_bytes) ||
	    !lazy_write(lazy, (i + 1) * entry_bytes - 1))
		return NULL;
	return table + i * entry_bytes;
}
