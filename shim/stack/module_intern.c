/* SPDX-License-Identifier: MIT */
/*
 * A module's number in the registry: path and build-id, stored once for all processes.  And the
 * memory of this process in which the module's tables lie.
 *
 * registry.modules is an open hash table by content.  An entry's `hash` is claimed by exchanging 0
 * for 1, the rest is filled in, and the content's hash is published with release; readers acquire
 * it and find the entry complete for ever.  A process that is killed in between leaves a 1, which
 * every process skips; two processes that store the same module at once make two entries, which
 * costs only the room.
 *
 * The cache is this process's own: two words an entry, each with a part of the mapping's tag, so
 * that a reader who meets two writers sees that the words are of different modules.  A file that is
 * unloaded and another loaded in its very place, under the same link_map, would be mistaken for the
 * first; so the tag holds the address of the name too, which the loader allocates anew.
 */
#include "stack/module.h"

#include "stack/module_function.h"

#include <unistd.h>

#include "forksan/registry.h"
#include "registry/registry.h"
#include "stack/store.h"
#include "base/sys.h"

#include <elf.h>
#include <link.h>

#define CACHE_ENTRIES 256
#define CACHE_PROBES 8 /* places for one tag: two modules of one stack must not share one */
#define CACHE_TAG_MASK (~UINT64_C(0xffff))
#define CACHE_PAGES_BITS 24 /* 64 GiB */
#define CACHE_PAGES_MASK ((UINT64_C(1) << CACHE_PAGES_BITS) - 1)
#define MAX_PROBES 64

static struct cached {
	_Atomic uint64_t number; /* 48 bits of the tag, 16 of the number; 0: free */
	_Atomic uint64_t
		tables; /* 16 other bits of the tag; pages from the mapping's start, pages */
} cache[CACHE_ENTRIES];

_Static_assert(sizeof(((struct module_content *)0)->path) ==
		       sizeof(((struct registry_module *)0)->path),
	       "as in the registry");

/* The loader keeps the name as the program gave it.  A relative name is completed with the current
 * directory, which is right unless the program has changed the directory since; the build-id tells
 * then. */
static void read_path(struct peek *peek, const struct module *module, struct module_room *room)
{
	char *name = room->name;
	char *out = room->content.path;
	size_t size = sizeof(room->content.path);
	size_t len = 0;
	size_t start = 0;
	long got;

	if (!peek_string(peek, module->name, name, sizeof(room->name), &len) || len == 0) {
		got = sys_readlink("/proc/self/exe", name, sizeof(room->name) - 1);
		len = got > 0 ? (size_t)got : 0;
	} else if (name[0] != '/' && strchr(name, '/') != NULL) {
		got = sys_call(SYS_getcwd, (long)(uintptr_t)out, (long)size, 0, 0, 0, 0);
		if (got > 1 && out[0] == '/' && (size_t)got + len < size) {
			start = (size_t)got;
			out[start - 1] = '/';
		}
	}
	if (len > size - 1 - start)
		len = size - 1 - start;
	memcpy(out + start, name, len);
	out[start + len] = '\0';
}

static bool same_content(const struct registry_module *entry, const struct module_content *content)
{
	return entry->build_id_len == content->build_id_len &&
	       memcmp(entry->build_id, content->build_id, sizeof(entry->build_id)) == 0 &&
	       strncmp(entry->path, content->path, sizeof(entry->path)) == 0;
}

uint32_t module_store(struct registry *registry, const struct module_content *content)
{
	uint64_t hash = stack_store_hash(content, sizeof(*content));

	for (uint32_t i = 0; i < MAX_PROBES; i++) {
		uint32_t index = (uint32_t)(hash + i) % FORKSAN_MAX_MODULES;
		struct registry_module *entry = &registry->modules[index];
		uint64_t found;

		if (!registry_reach_new(entry, sizeof(*entry)))
			return 0;
		found = load_acquire(&entry->hash);
		if (found == hash && same_content(entry, content))
			return index + 1;
		if (found != 0 || !compare_exchange_acq_rel(&entry->hash, &found, 1))
			continue;
		entry->build_id_len = content->build_id_len;
		memcpy(entry->build_id, content->build_id, sizeof(entry->build_id));
		memcpy(entry->path, content->path, sizeof(entry->path));
		store_release(&entry->hash, hash);
		return index + 1;
	}
	return 0;
}

/* The pages around the unwinding tables that are mapped from the file, readable and never written:
 * adjacent segments, in which the symbols lie too. */
static struct peek_range find_tables(struct peek *peek, const struct module *module)
{
	const uintptr_t page_bytes = (uintptr_t)1 << PEEK_PAGE_SHIFT;
	struct peek_range range = {0};
	ElfW(Ehdr) elf;
	ElfW(Phdr) header;

	if (!peek_copy(peek, module->header, &elf, sizeof(elf)) ||
	    memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_phentsize != sizeof(header))
		return range;
	/* segments are in the order of their addresses: System V ABI chapter 5 */
	for (unsigned i = 0; i < elf.e_phnum && i < MODULE_MAX_PROGRAM_HEADERS; i++) {
		uintptr_t low, high;

		if (!peek_copy(peek, module->header + elf.e_phoff + i * sizeof(header), &header,
			       sizeof(header)))
			break;
		if (header.p_type != PT_LOAD)
			continue;
		low = (module->bias + header.p_vaddr) & ~(page_bytes - 1);
		high = (module->bias + header.p_vaddr + header.p_filesz + page_bytes - 1) &
		       ~(page_bytes - 1);
		if ((header.p_flags & (PF_R | PF_W)) != PF_R || low != range.high) {
			if (peek_is_inside(&range, module->eh_frame_header, 1))
				break;
			range = (struct peek_range){low, low};
		}
		if ((header.p_flags & (PF_R | PF_W)) == PF_R)
			range.high = high;
	}
	return peek_is_inside(&range, module->eh_frame_header, 1) ? range : (struct peek_range){0};
}

static uint64_t pack_tables(const struct module *module, const struct peek_range *range)
{
	uint64_t first = (range->low - module->start) >> PEEK_PAGE_SHIFT;
	uint64_t count = (range->high - range->low) >> PEEK_PAGE_SHIFT;

	if (range->low < module->start || first > CACHE_PAGES_MASK || count > CACHE_PAGES_MASK)
		return 0;
	return first << CACHE_PAGES_BITS | count;
}

static struct peek_range unpack_tables(const struct module *module, uint64_t word)
{
	struct peek_range range;

	range.low =
		module->start + ((word >> CACHE_PAGES_BITS & CACHE_PAGES_MASK) << PEEK_PAGE_SHIFT);
	range.high = range.low + ((word & CACHE_PAGES_MASK) << PEEK_PAGE_SHIFT);
	return range;
}

/* The upper bits of the second word: those that the first one has no room for. */
static uint64_t second_tag(uint64_t tag)
{
	return tag << 48;
}

/* Fills *out from the entry with this tag and returns NULL.  When no entry has the tag, returns the
 * entry to store the module in: a free one, or the first. */
static struct cached *look_in_cache(const struct module *module, uint64_t tag,
				    struct module_known *out)
{
	struct cached *place = NULL;

	for (uint64_t i = 0; i < CACHE_PROBES; i++) {
		struct cached *cached = &cache[((tag >> 16) + i) % CACHE_ENTRIES];
		uint64_t number = load_acquire(&cached->number);
		uint64_t tables = load_relaxed(&cached->tables);

		if (number != 0 && (number & CACHE_TAG_MASK) == (tag & CACHE_TAG_MASK) &&
		    (tables & ~(UINT64_MAX >> 16)) == second_tag(tag)) {
			*out = (struct module_known){
				.number = (uint32_t)(number & ~CACHE_TAG_MASK),
				.tables = unpack_tables(module, tables),
			};
			return NULL;
		}
		if (number == 0 && place == NULL)
			place = cached;
	}
	return place != NULL ? place : &cache[(tag >> 16) % CACHE_ENTRIES];
}

void module_intern(struct registry *registry, struct peek *peek, const struct module *module,
		   struct module_room *room, struct module_known *out)
{
	uint64_t key[5] = {(uintptr_t)registry, module->start, module->end, module->dynamic,
			   module->name};
	uint64_t tag = stack_store_hash(key, sizeof(key));
	struct cached *cached = look_in_cache(module, tag, out);

	if (cached == NULL)
		return;
	*out = (struct module_known){.is_new = true};
	memset(&room->content, 0, sizeof(room->content));
	read_path(peek, module, room);
	room->content.build_id_len = module_build_id(peek, module, room->content.build_id);
	out->number = module_store(registry, &room->content);
	out->tables = find_tables(peek, module);
	peek_trust(&peek->file, out->tables.low, out->tables.high);
	if (out->number == 0)
		return;
	module_note_functions(peek, module, out->number, &out->tables);
	store_relaxed(&cached->tables, second_tag(tag) | pack_tables(module, &out->tables));
	store_release(&cached->number, (tag & CACHE_TAG_MASK) | out->number);
}
