/* SPDX-License-Identifier: MIT */
/*
 * The registry in this process's address space: which parts are mapped, and which pages may be
 * touched.
 *
 * The whole is 113 MB, of which a process that shares nothing needs some pages.  A whole mapping
 * would count against RLIMIT_AS, and mlockall(2) would fill all 113 MB.  So of each part only the
 * beginning is mapped, at its place in an address range that is planned but not reserved, far from
 * where the kernel puts the host's mappings.  A part grows in place with mremap(2), which needs no
 * descriptor and works for a process that may not open the file.  Where no range can be planned,
 * the whole is mapped at once.  Where a part cannot grow, the newcomer is not watched, and counted.
 *
 * Each mapping costs each fork of the host a microsecond.  So a process maps the first part when it
 * joins, and the others when one of them is needed, for which the file is opened again by its name;
 * or before the process loses the right to do that (registry_map_rest()).  Where it cannot be
 * opened what is mapped grows over the rest.  A file without a name is mapped with all its parts.
 *
 * A page of a file in /dev/shm is populated before the first touch, since a touch without room is a
 * SIGBUS.  Private memory notes the populated pages, so each page is asked for once in a process
 * and its descendants.
 *
 * Mappings, notes and lengths are private memory, copied by fork together with the mappings.  Any
 * thread comes here, and signal handlers.
 */
#include "registry/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "common/session.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14, madvise(2) */
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000 /* Linux 4.17, mmap(2) */
#endif

#define PAGE_BYTES ((size_t)4096)
#define PAGES ((sizeof(struct registry) + PAGE_BYTES - 1) / PAGE_BYTES)
#define KIB ((size_t)1024)
#define GIB ((size_t)1 << 30)

/* The kernel gives out addresses downwards, the highest free range first: the host's mappings come
 * this near only after the host has mapped as much. */
#define DISTANCE_BYTES (64 * GIB)

/* A table grows by a quarter, at least by this much. */
#define STEP_BYTES (64 * KIB)

/* How often another thread that is making the same table grow is given the processor. */
#define GROWER_YIELDS 20

FORKSAN_AT_START struct registry *registry_mapping;
uint64_t registry_pid_namespace;

/* The registry lies in a file of /dev/shm, whose room is the host's as well. */
static bool is_in_shm;

void registry_set_in_shm(bool in_shm)
{
	is_in_shm = in_shm;
}

/* The file of this registry, which is opened again to map more of it. */
FORKSAN_AT_START static struct {
	char path[SESSION_PATH_BYTES]; /* "": none */
	struct identity identity;
} file;

void registry_name_file(const char *path, struct identity identity)
{
	memcpy(file.path, path, strnlen(path, sizeof file.path - 1) + 1);
	file.identity = identity;
}

/* Ranges that grow from their beginning; `first_bytes` are mapped at first.  The small tables stand
 * together before the processes: 980 KiB.  Those that a connection needs are mapped together. */
static const struct part {
	size_t start;
	size_t end;
	size_t first_bytes;
} parts[] = {
	{0, offsetof(struct registry, sockets), offsetof(struct registry, processes) + 64 * KIB},
	{offsetof(struct registry, sockets), offsetof(struct registry, holds), 64 * KIB},
	{offsetof(struct registry, holds), offsetof(struct registry, stacks), 64 * KIB},
	{offsetof(struct registry, stacks), offsetof(struct registry, histories), 128 * KIB},
	{offsetof(struct registry, histories), offsetof(struct registry, payloads), 8 * KIB},
	{offsetof(struct registry, payloads), sizeof(struct registry), 4 * KIB},
};

#define PARTS (sizeof parts / sizeof parts[0])
_Static_assert(offsetof(struct registry, sockets) % 4096 == 0, "parts begin with a page");
_Static_assert(offsetof(struct registry, holds) % 4096 == 0, "parts begin with a page");
_Static_assert(offsetof(struct registry, stacks) % 4096 == 0, "parts begin with a page");
_Static_assert(offsetof(struct registry, histories) % 4096 == 0, "parts begin with a page");
_Static_assert(offsetof(struct registry, payloads) % 4096 == 0, "parts begin with a page");

#define FIRST_PART 1
#define CONNECTION_PARTS 4 /* from the first part to the stacks */
_Static_assert(sizeof parts / sizeof parts[0] > CONNECTION_PARTS, "the histories are apart");

/* The mapped bytes of each part; 0: not mapped yet, but the first's: the whole is mapped. */
static _Atomic size_t mapped_bytes[PARTS];

/* A bit for each page that this process, or an ancestor, has populated. */
static _Atomic uint64_t populated[(PAGES + 63) / 64];

/* --- mapping --------------------------------------------------------------------------------- */

static bool is_whole(void)
{
	return load_acquire(&mapped_bytes[0]) == 0;
}

/* An address for the registry; 0: there is none.  The library itself lies where the kernel puts
 * mappings without a place of their own, so the address is counted from the library's.  `random`
 * makes the address differ from run to run, as the addresses of all other mappings do. */
static uintptr_t plan_address(uint32_t random)
{
	uintptr_t here = (uintptr_t)&registry_mapping;
	size_t distance = DISTANCE_BYTES + (random >> 12) * STEP_BYTES;

	return here < 2 * distance ? 0 : (here - distance) & ~(STEP_BYTES - 1);
}

/* Keeps the host's core files as small as before.  madvise(2) passes over unmapped parts. */
static void leave_out_of_core_files(void)
{
	sys_madvise(registry_mapping, sizeof(struct registry), MADV_DONTDUMP);
}

/* False: another mapping is in the way, or there is no memory. */
static bool map_part(int fd, uintptr_t base, size_t index)
{
	const struct part *part = &parts[index];
	long wanted = (long)(base + part->start);
	long address =
		sys_mmap((void *)wanted, part->first_bytes, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, (long)part->start);

	if (address == wanted)
		return true;
	if (!sys_is_error(address))
		sys_munmap((void *)address, part->first_bytes);
	return false;
}

/* Maps those of the parts below `end` that are not mapped.  Nobody touches them before the file was
 * found to be the same after that.  False: nothing was mapped. */
static bool map_parts(int fd, struct identity identity, uintptr_t base, size_t end)
{
	uint32_t fresh = 0;
	bool mapped = true;

	for (size_t i = 0; i < end && mapped; i++) {
		if (load_acquire(&mapped_bytes[i]) != 0)
			continue;
		mapped = map_part(fd, base, i);
		fresh |= (uint32_t)mapped << i;
	}
	mapped = mapped && identity_is_same(identity_of(fd), identity);
	for (size_t i = 0; i < end; i++)
		if ((fresh >> i & 1) != 0 && mapped)
			store_release(&mapped_bytes[i], parts[i].first_bytes);
		else if ((fresh >> i & 1) != 0)
			sys_munmap((void *)(base + parts[i].start), parts[i].first_bytes);
	return mapped;
}

static struct registry *map_whole(int fd, int flags)
{
	long address = sys_mmap(NULL, sizeof(struct registry), PROT_READ | PROT_WRITE,
				flags | MAP_SHARED | MAP_NORESERVE, fd, 0);

	if (sys_is_error(address))
		return NULL;
	return (struct registry *)address;
}

bool registry_map(int fd, struct identity identity, uint32_t random)
{
	uintptr_t base = plan_address(random);

	if (base != 0 && map_parts(fd, identity, base, is_in_shm ? FIRST_PART : PARTS))
		registry_mapping = (struct registry *)base;
	else
		registry_mapping = map_whole(fd, 0);
	if (!registry_mapping)
		return false;
	leave_out_of_core_files();
	if (identity_is_same(identity_of(fd), identity))
		return true;
	registry_unmap();
	return false;
}

bool registry_map_anonymous(void)
{
	registry_mapping = map_whole(-1, MAP_ANONYMOUS);
	if (registry_mapping)
		leave_out_of_core_files();
	return registry_mapping != NULL;
}

void registry_unmap(void)
{
	if (is_whole())
		sys_munmap(registry_mapping, sizeof(struct registry));
	for (size_t i = 0; i < PARTS; i++) {
		sys_munmap((char *)registry_mapping + parts[i].start,
			   load_relaxed(&mapped_bytes[i]));
		store_relaxed(&mapped_bytes[i], 0);
	}
	for (size_t i = 0; i < sizeof populated / sizeof populated[0]; i++)
		store_relaxed(&populated[i], 0);
	registry_mapping = NULL;
}

/* --- growing --------------------------------------------------------------------------------- */

/* Gives another thread, which maps the part or makes it grow, the processor.  False: the part has
 * not `wanted` bytes then. */
static bool is_mapped_by_another(size_t index, size_t wanted)
{
	for (int i = 0; i < GROWER_YIELDS; i++) {
		if (load_acquire(&mapped_bytes[index]) >= wanted)
			return true;
		sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
	}
	return false;
}

/* Maps what the parts below `end` lack.  False: the file cannot be opened, or mapped. */
static bool map_by_name(size_t end)
{
	long fd = file.path[0] != '\0' ? registry_open_at(AT_FDCWD, file.path, O_RDWR, 0) : -ENOENT;
	struct identity opened;
	bool mapped;

	if (fd < 0)
		return false;
	/* Whatever lies under the name now: the file is this process's registry, or is not used. */
	opened = identity_of((int)fd);
	mapped = identity_is_same(opened, file.identity) &&
		 map_parts((int)fd, opened, (uintptr_t)registry_mapping, end);
	identity_close((int)fd, opened);
	leave_out_of_core_files();
	return mapped;
}

/* madvise(2) refuses this for locked memory alone.  The page stays in the file. */
static bool is_locked(uintptr_t page)
{
	return sys_madvise((void *)page, PAGE_BYTES, MADV_DONTNEED) != 0;
}

/* Maps what the parts below `end` lack without a descriptor: the last part that is mapped, behind
 * which none is, grows over them.  That takes the addresses of all in between; after mlockall(2) it
 * would fill them.  False: nothing was mapped. */
static bool grow_over(size_t end)
{
	size_t last = 0;
	uintptr_t start;
	size_t next;

	while (last + 1 < end && load_acquire(&mapped_bytes[last + 1]) != 0)
		last++;
	if (last + 1 == end)
		return true; /* another thread was faster */
	start = (uintptr_t)registry_mapping + parts[last].start;
	next = parts[end - 1].start + parts[end - 1].first_bytes - parts[last].start;
	if (is_locked(start) ||
	    sys_call(SYS_mremap, (long)start, (long)load_acquire(&mapped_bytes[last]), (long)next,
		     0, 0, 0) != (long)start)
		return false;
	for (size_t i = last; i < end - 1; i++)
		store_release(&mapped_bytes[i], parts[i].end - parts[i].start);
	store_release(&mapped_bytes[end - 1], parts[end - 1].first_bytes);
	return true;
}

static bool map_again(size_t end)
{
	return map_by_name(end) || grow_over(end);
}

void registry_map_rest(void)
{
	for (size_t i = 0; registry_mapping && !is_whole() && i < PARTS; i++)
		if (load_acquire(&mapped_bytes[i]) == 0) {
			map_by_name(PARTS);
			return;
		}
}

static bool grow(size_t index, size_t wanted)
{
	const struct part *part = &parts[index];
	void *start = (char *)registry_mapping + part->start;
	size_t have = load_acquire(&mapped_bytes[index]);
	size_t next = (wanted > have + have / 4 ? wanted : have + have / 4) + STEP_BYTES - 1;

	next &= ~(STEP_BYTES - 1);
	if (next > part->end - part->start)
		next = part->end - part->start;
	if (sys_call(SYS_mremap, (long)(uintptr_t)start, (long)have, (long)next, 0, 0, 0) ==
	    (long)(uintptr_t)start) {
		/* Lengths only rise: of two threads at once the kernel refuses one. */
		store_release(&mapped_bytes[index], next);
		return true;
	}
	/* The kernel also refuses when another thread was faster: the length is not `have` then. */
	return is_mapped_by_another(index, wanted);
}

/* True when the bytes from the start of their part to `end`, an offset in the registry, are mapped
 * now; the part is grown where needed. */
static bool is_mapped_to(size_t end)
{
	size_t index = 0;
	size_t wanted;

	if (is_whole())
		return true;
	while (index + 1 < PARTS && end > parts[index].end)
		index++;
	wanted = end - parts[index].start;
	if (load_acquire(&mapped_bytes[index]) == 0 &&
	    !map_again(index < CONNECTION_PARTS ? CONNECTION_PARTS : index + 1) &&
	    !is_mapped_by_another(index, 1))
		return false;
	return wanted <= load_acquire(&mapped_bytes[index]) || grow(index, wanted);
}

/* --- pages ----------------------------------------------------------------------------------- */

/* For kernels before 5.14, which have no MADV_POPULATE_WRITE, and gVisor: the kernel writes into
 * each page, and answers EFAULT where a store would raise SIGBUS.  Other processes write into the
 * page, too, so what is written must be what stands there at that instant: FUTEX_WAKE_OP changes a
 * word atomically, here by OR with 0, and wakes nobody, since no thread waits at a private futex
 * here. */
static long populate_by_futex(uintptr_t start, uintptr_t end)
{
	const long or_nothing = FUTEX_OP(FUTEX_OP_OR, 0, FUTEX_OP_CMP_EQ, 0);
	long result = 0;

	for (uintptr_t page = start; page < end && result >= 0; page += PAGE_BYTES)
		result = sys_call(SYS_futex, (long)page, FUTEX_WAKE_OP | FUTEX_PRIVATE_FLAG, 0, 0,
				  (long)page, or_nothing);
	return result < 0 ? result : 0;
}

static bool populate(size_t first_page, size_t end_page)
{
	uintptr_t start = (uintptr_t)registry_mapping + first_page * PAGE_BYTES;
	uintptr_t end = (uintptr_t)registry_mapping + end_page * PAGE_BYTES;
	long result = sys_madvise((void *)start, end - start, MADV_POPULATE_WRITE);

	return (result == -EINVAL ? populate_by_futex(start, end) : result) == 0;
}

FORKSAN_IN_EACH_CHILD static bool are_populated(size_t first_page, size_t end_page)
{
	for (size_t page = first_page; page < end_page; page++)
		if ((load_acquire(&populated[page / 64]) >> page % 64 & 1) == 0)
			return false;
	return true;
}

FORKSAN_IN_EACH_CHILD static bool reach(const void *start, size_t len_bytes, bool new)
{
	size_t offset = (uintptr_t)start - (uintptr_t)registry_mapping;
	size_t first_page, end_page;

	/* The registry of a unit test, which lies elsewhere. */
	if (offset >= sizeof(struct registry))
		return true;
	first_page = offset / PAGE_BYTES;
	end_page = (offset + len_bytes + PAGE_BYTES - 1) / PAGE_BYTES;
	if (end_page > PAGES)
		return false;
	if (are_populated(first_page, end_page))
		return true;
	if (!is_mapped_to(offset + len_bytes) ||
	    (new &&is_in_shm && !registry_has_room((end_page - first_page) * PAGE_BYTES)) ||
	    !populate(first_page, end_page))
		return false;
	for (size_t page = first_page; page < end_page; page++)
		fetch_or_relaxed(&populated[page / 64], UINT64_C(1) << page % 64);
	return true;
}

FORKSAN_IN_EACH_CHILD bool registry_reach(const void *start, size_t len_bytes)
{
	return reach(start, len_bytes, false);
}

bool registry_reach_new(const void *start, size_t len_bytes)
{
	return reach(start, len_bytes, true);
}
