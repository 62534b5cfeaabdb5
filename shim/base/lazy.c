/* SPDX-License-Identifier: MIT */
/*
 * See lazy.h.  Private memory that is not writable is not counted as data (mm/mmap.c,
 * is_data_mapping()), and not committed (mmap(2), MAP_NORESERVE).
 */
#include "base/lazy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/kernel.h"
#include "base/sys.h"
#include "forksan/atomics.h"

#define DESCRIPTORS_AT (LAZY_SLOTS_BYTES + LAZY_FUNCTIONS_BYTES)
/* So that one part has the first side stack, the memos and the first captures. */
#define SIDE_STACKS_AT (LAZY_PART_BYTES / 2)
#define MEMOS_AT (SIDE_STACKS_AT + LAZY_SIDE_STACKS_BYTES)
#define CAPTURES_AT (MEMOS_AT + LAZY_MEMOS_BYTES)
/* At the beginning of a part, so that a buffer needs no part more than its size. */
#define REPORTS_AT (5 * LAZY_PART_BYTES)
_Static_assert(CAPTURES_AT + LAZY_CAPTURES_BYTES <= REPORTS_AT, "they fit");

/* In parts.  The parts from `first` on are made writable together. */
static const struct plan {
	uint8_t parts;
	uint8_t first;
	uint8_t first_count;
	bool is_scratch;
} plans[] = {
	{(DESCRIPTORS_AT + LAZY_DESCRIPTORS_BYTES) / LAZY_PART_BYTES,
	 LAZY_SLOTS_BYTES / LAZY_PART_BYTES - 1, 3, false},
	{(REPORTS_AT + LAZY_REPORTS_BYTES) / LAZY_PART_BYTES, MEMOS_AT / LAZY_PART_BYTES, 1, true},
};

#define MAPPINGS (sizeof plans / sizeof plans[0])
_Static_assert((DESCRIPTORS_AT + LAZY_DESCRIPTORS_BYTES) / LAZY_PART_BYTES <= 64, "a bit for each");

static struct mapping {
	_Atomic uintptr_t base;	   /* 0: not made */
	_Atomic uint64_t writable; /* parts */
} mappings[MAPPINGS];

static const struct {
	uint32_t mapping;
	uint32_t start;
} rooms[] = {
	[LAZY_SLOTS] = {0, 0},
	[LAZY_FUNCTIONS] = {0, LAZY_SLOTS_BYTES},
	[LAZY_DESCRIPTORS] = {0, DESCRIPTORS_AT},
	[LAZY_SIDE_STACKS] = {1, SIDE_STACKS_AT},
	[LAZY_MEMOS] = {1, MEMOS_AT},
	[LAZY_CAPTURES] = {1, CAPTURES_AT},
	[LAZY_REPORTS] = {1, REPORTS_AT},
};

/* The machine promises memory that is never written (proc(5), vm.overcommit_memory). */
static _Atomic bool promises;

void lazy_start(void)
{
	char policy = '2'; /* each promise must be kept */
	long fd = sys_move_up(sys_open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC, 0));

	if (fd < 0)
		return;
	sys_read((int)fd, &policy, 1);
	sys_close((int)fd);
	store_relaxed(&promises, policy != '2');
}

/* True where nothing counts memory that may be written and is not. */
static bool is_free(void)
{
	struct rlimit64 limit;

	return load_relaxed(&promises) &&
	       sys_call(SYS_prlimit64, 0, RLIMIT_DATA, 0, (long)(uintptr_t)&limit, 0, 0) == 0 &&
	       limit.rlim_cur == RLIM64_INFINITY;
}

/* Writable at once where that may be: parts of both kinds would be mappings of their own. */
static uintptr_t make(struct mapping *mapping, const struct plan *plan)
{
	size_t bytes = plan->parts * LAZY_PART_BYTES;
	bool is_writable = is_free();
	uintptr_t none = 0;
	long base;

	base = sys_mmap(NULL, bytes, PROT_READ | (is_writable ? PROT_WRITE : 0),
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sys_is_error(base))
		return 0;
	if (plan->is_scratch)
		sys_madvise((void *)base, bytes, MADV_WIPEONFORK);
	if (!compare_exchange_acq_rel(&mapping->base, &none, (uintptr_t)base))
		sys_munmap((void *)base, bytes);
	else if (is_writable)
		fetch_or_relaxed(&mapping->writable, (UINT64_C(1) << plan->parts) - 1);
	return load_acquire(&mapping->base);
}

void *lazy_room(enum lazy_room room)
{
	struct mapping *mapping = &mappings[rooms[room].mapping];
	uintptr_t base = load_acquire(&mapping->base);

	if (base == 0)
		base = make(mapping, &plans[rooms[room].mapping]);
	return base == 0 ? NULL : (void *)(base + rooms[room].start);
}

/* Makes the part writable, and with one of the first all of them. */
static bool allow(struct mapping *mapping, const struct plan *plan, size_t part)
{
	bool is_first = part - plan->first < plan->first_count;
	size_t start = is_first ? plan->first : part;
	size_t count = is_first ? plan->first_count : 1;

	if (sys_call(SYS_mprotect, (long)(load_relaxed(&mapping->base) + start * LAZY_PART_BYTES),
		     (long)(count * LAZY_PART_BYTES), PROT_READ | PROT_WRITE, 0, 0, 0) != 0)
		return false;
	fetch_or_relaxed(&mapping->writable, ((UINT64_C(1) << count) - 1) << start);
	return true;
}

bool lazy_write(uintptr_t address, size_t len_bytes)
{
	size_t i = 0;
	size_t offset;

	while (i + 1 < MAPPINGS &&
	       address - load_acquire(&mappings[i].base) >= plans[i].parts * LAZY_PART_BYTES)
		i++;
	offset = address - load_acquire(&mappings[i].base);
	for (size_t part = offset / LAZY_PART_BYTES; part * LAZY_PART_BYTES < offset + len_bytes;
	     part++)
		if ((load_acquire(&mappings[i].writable) >> part & 1) == 0 &&
		    !allow(&mappings[i], &plans[i], part))
			return false;
	return true;
}
