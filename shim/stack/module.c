/* SPDX-License-Identifier: MIT */
/*
 * The loader's list, read as data.  See module.h.
 *
 * The head is found the way debuggers find it: the program headers (AT_PHDR) lead to the program's
 * dynamic section, whose DT_DEBUG entry the loader has filled with the address of its struct
 * r_debug.  `loader_list` is set once; threads that are first at the same time set the same value.
 *
 * Sources: System V ABI chapter 5; glibc elf/link.h; glibc manual, "Dynamic Linker Introspection"
 * (_dl_find_object).
 */
#include "stack/module.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include "forksan/atomics.h"

/* No program maps so many files; a longer list is a loop. */
#define MAX_LIST 8192
#define MAX_PROGRAM_HEADERS 64
#define MAX_DYNAMIC 256

/* struct dl_find_object of glibc's <dlfcn.h>, which older headers lack. */
struct found_object {
	unsigned long long flags;
	void *map_start;
	void *map_end;
	struct link_map *map;
	void *eh_frame;
	unsigned long long reserved[7];
};
typedef int find_object_function(void *address, struct found_object *out);

static _Atomic uintptr_t loader_list; /* struct r_debug */
/* _dl_find_object; FIND_OBJECT_ABSENT: looked for in vain; 0: not looked for yet */
static _Atomic uintptr_t find_object;
#define FIND_OBJECT_ABSENT 1

static uintptr_t find_loader_list(struct peek *peek)
{
	uintptr_t headers = getauxval(AT_PHDR);
	uint64_t count = getauxval(AT_PHNUM);
	uintptr_t bias = 0;
	uintptr_t dynamic = 0;
	ElfW(Phdr) header;
	ElfW(Dyn) entry;

	for (uint64_t i = 0; i < count && i < MAX_PROGRAM_HEADERS; i++) {
		if (!peek_copy(peek, headers + i * sizeof(header), &header, sizeof(header)))
			return 0;
		if (header.p_type == PT_PHDR)
			bias = headers - header.p_vaddr;
		if (header.p_type == PT_DYNAMIC)
			dynamic = header.p_vaddr;
	}
	for (unsigned i = 0; dynamic != 0 && i < MAX_DYNAMIC; i++) {
		if (!peek_copy(peek, bias + dynamic + i * sizeof(entry), &entry, sizeof(entry)) ||
		    entry.d_tag == DT_NULL)
			return 0;
		if (entry.d_tag == DT_DEBUG)
			return entry.d_un.d_ptr;
	}
	return 0;
}

/* Fills start, end and eh_frame_header from the program headers. */
static bool read_headers(struct peek *peek, struct module *module)
{
	ElfW(Ehdr) elf;
	ElfW(Phdr) header;
	uintptr_t low = UINTPTR_MAX;
	uintptr_t high = 0;

	if (!peek_copy(peek, module->header, &elf, sizeof(elf)) ||
	    memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_phentsize != sizeof(header))
		return false;
	for (unsigned i = 0; i < elf.e_phnum && i < MAX_PROGRAM_HEADERS; i++) {
		if (!peek_copy(peek, module->header + elf.e_phoff + i * sizeof(header), &header,
			       sizeof(header)))
			return false;
		if (header.p_type == PT_LOAD) {
			if (header.p_vaddr < low)
				low = header.p_vaddr;
			if (header.p_vaddr + header.p_memsz > high)
				high = header.p_vaddr + header.p_memsz;
		}
		if (header.p_type == PT_GNU_EH_FRAME)
			module->eh_frame_header = module->bias + header.p_vaddr;
	}
	if (low >= high)
		return false;
	module->start = module->bias + (low & ~(uintptr_t)((1u << PEEK_PAGE_SHIFT) - 1));
	module->end = module->bias + high;
	return true;
}

/* Fills *out from the loader's node.  The ELF header lies at the bias, except for a program that is
 * linked to a fixed address. */
static void fill_from_node(uintptr_t map, const struct link_map *node, struct module *out)
{
	*out = (struct module){
		.map = map,
		.bias = node->l_addr,
		.name = (uintptr_t)node->l_name,
		.dynamic = (uintptr_t)node->l_ld,
		.header = node->l_addr,
	};
	if (out->header == 0)
		out->header = getauxval(AT_PHDR) & ~(uintptr_t)((1u << PEEK_PAGE_SHIFT) - 1);
}

static bool read_node(struct peek *peek, uintptr_t map, struct module *out)
{
	struct link_map node;

	if (!peek_copy(peek, map, &node, sizeof(node)))
		return false;
	fill_from_node(map, &node, out);
	return true;
}

static uintptr_t list_head(struct peek *peek)
{
	uintptr_t list = load_relaxed(&loader_list);
	uintptr_t head = 0;

	if (list == 0) {
		list = find_loader_list(peek);
		store_relaxed(&loader_list, list);
	}
	if (list == 0 || !peek_pointer(peek, list + offsetof(struct r_debug, r_map), &head))
		return 0;
	return head;
}

bool module_next(struct peek *peek, const struct module *previous, struct module *out)
{
	uintptr_t map;
	uintptr_t back = 0;

	if (previous->map == 0)
		map = list_head(peek);
	else if (!peek_pointer(peek, previous->map + offsetof(struct link_map, l_next), &map))
		return false;
	if (map == 0 || !peek_pointer(peek, map + offsetof(struct link_map, l_prev), &back) ||
	    back != previous->map || !read_node(peek, map, out))
		return false;
	(void)read_headers(peek, out); /* without headers the node still has a name and symbols */
	return true;
}

bool module_is_loaded(struct peek *peek, const struct module *module)
{
	struct module found;

	if (module->map == 0)
		return false;
	/* Where libc cannot be asked, the search of the whole list would take too long. */
	return load_relaxed(&find_object) <= FIND_OBJECT_ABSENT || module->start == 0 ||
	       (module_find(peek, module->start, &found) && found.map == module->map);
}

bool module_is_last(struct peek *peek, const struct module *module)
{
	uintptr_t next, back, forth;
	struct module now;

	return module->map != 0 && read_node(peek, module->map, &now) && now.bias == module->bias &&
	       now.dynamic == module->dynamic &&
	       peek_pointer(peek, module->map + offsetof(struct link_map, l_next), &next) &&
	       next == 0 &&
	       peek_pointer(peek, module->map + offsetof(struct link_map, l_prev), &back) &&
	       (back == 0 ||
		(peek_pointer(peek, back + offsetof(struct link_map, l_next), &forth) &&
		 forth == module->map));
}

/* Looks for _dl_find_object in libc alone: a host that interposes the name does not get the call.
 */
static uintptr_t look_for_find_object(struct peek *peek)
{
	struct module module = {0};
	char name[16];

	for (unsigned i = 0; i < MAX_LIST && module_next(peek, &module, &module); i++) {
		module_base_name(peek, &module, name, sizeof(name));
		if (strcmp(name, "libc.so.6") == 0) {
			uintptr_t address = module_symbol(peek, &module, "_dl_find_object");

			return address != 0 ? address : FIND_OBJECT_ABSENT;
		}
	}
	return FIND_OBJECT_ABSENT;
}

static bool search_list(struct peek *peek, uintptr_t address, struct module *out)
{
	struct module module = {0};

	for (unsigned i = 0; i < MAX_LIST && module_next(peek, &module, &module); i++) {
		if (address >= module.start && address < module.end) {
			*out = module;
			return true;
		}
	}
	return false;
}

bool module_find(struct peek *peek, uintptr_t address, struct module *out)
{
	uintptr_t function = load_relaxed(&find_object);
	struct found_object found;

	if (function == 0) {
		function = look_for_find_object(peek);
		store_relaxed(&find_object, function);
	}
	if (function == FIND_OBJECT_ABSENT)
		return search_list(peek, address, out);
	/* A file whose code is on the stack stays loaded, and so does the loader's node for the
	 * file. */
	if (((find_object_function *)function)((void *)address, &found) != 0)
		return false;
	fill_from_node((uintptr_t)found.map, found.map, out);
	out->start = (uintptr_t)found.map_start;
	out->end = (uintptr_t)found.map_end;
	out->eh_frame_header = (uintptr_t)found.eh_frame;
	return true;
}

void module_base_name(struct peek *peek, const struct module *module, char *out, size_t size)
{
	uintptr_t base = module->name;
	size_t len = 0;
	char byte;

	for (uintptr_t at = module->name; at < module->name + FORKSAN_PATH_BYTES; at++) {
		if (!peek_copy(peek, at, &byte, 1) || byte == '\0')
			break;
		if (byte == '/')
			base = at + 1;
	}
	if (!peek_string(peek, base, out, size, &len))
		out[0] = '\0';
}
