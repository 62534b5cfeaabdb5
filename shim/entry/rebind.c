/* SPDX-License-Identifier: MIT */
/*
 * See rebind.h.  An object's references to functions are words that the loader filled in: JUMP_SLOT
 * and GLOB_DAT relocations (System V ABI, AMD64 supplement table 4.9; ELF for the Arm 64-bit
 * architecture, "Dynamic relocations").
 *
 *   DT_JMPREL, DT_RELA --> relocation { where, type, symbol } --> symbol --> name
 *                                         |
 *                                         v
 *                              the word: libc's address, or not bound yet (lazy)
 *
 * A word that holds libc's address of an interposed function gets ours; a lazy JUMP_SLOT that still
 * points into its own object does too, unless the object defines the symbol itself.  Any other
 * value was somebody's choice and stays.  Words in RELRO pages are made writable for the moment.
 */
#include "entry/rebind.h"

#include <elf.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "forksan/atomics.h"
#include "entry/real.h"
#include "base/sys.h"

#if defined(__x86_64__)
#define RELOCATION_JUMP_SLOT R_X86_64_JUMP_SLOT
#define RELOCATION_GLOB_DAT R_X86_64_GLOB_DAT
#else
#define RELOCATION_JUMP_SLOT R_AARCH64_JUMP_SLOT
#define RELOCATION_GLOB_DAT R_AARCH64_GLOB_DAT
#endif

/* Ours, by name. */
static const struct {
	const char *name;
	void *ours;
} functions[] = {
#define ENTRY(name, family, policy, presence) {#name, (void *)(uintptr_t)name},
#define ALIAS(name, of, family) {#name, (void *)(uintptr_t)of},
#include "entries.def"
#undef ENTRY
#undef ALIAS
};

/* Where libc is mapped; found once. */
static struct {
	ElfW(Addr) start;
	ElfW(Addr) end;
} libc;

struct object {
	ElfW(Addr) base;
	const ElfW(Sym) * symbols;
	const char *strings;
	size_t strings_bytes;
	const ElfW(Rela) * tables[2]; /* DT_JMPREL, DT_RELA */
	size_t bytes[2];
	ElfW(Addr) start; /* of its mapped segments */
	ElfW(Addr) end;
};

/* The loader relocates the addresses in the dynamic section on our machines' glibc, but not for the
 * vDSO and not in musl: a value below the base is an offset. */
static ElfW(Addr) pointer(const struct object *object, ElfW(Addr) value)
{
	return value < object->base ? object->base + value : value;
}

static bool read_dynamic(struct object *object, const ElfW(Dyn) * dynamic)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		switch (dynamic->d_tag) {
		case DT_SYMTAB:
			object->symbols = (const void *)pointer(object, dynamic->d_un.d_ptr);
			break;
		case DT_STRTAB:
			object->strings = (const char *)pointer(object, dynamic->d_un.d_ptr);
			break;
		case DT_STRSZ:
			object->strings_bytes = dynamic->d_un.d_val;
			break;
		case DT_JMPREL:
			object->tables[0] = (const void *)pointer(object, dynamic->d_un.d_ptr);
			break;
		case DT_PLTRELSZ:
			object->bytes[0] = dynamic->d_un.d_val;
			break;
		case DT_RELA:
			object->tables[1] = (const void *)pointer(object, dynamic->d_un.d_ptr);
			break;
		case DT_RELASZ:
			object->bytes[1] = dynamic->d_un.d_val;
			break;
		default:
			break;
		}
	}
	return object->symbols && object->strings;
}

/* Index in functions[], or -1. */
static int find_function(const char *name)
{
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
		if (strcmp(functions[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void write_word(ElfW(Addr) * word, void *value)
{
	const uintptr_t page_bytes = 4096;
	uintptr_t page = (uintptr_t)word & ~(page_bytes - 1);
	bool opened = sys_call(SYS_mprotect, (long)page, (long)page_bytes, PROT_READ | PROT_WRITE,
			       0, 0, 0) == 0;

	if (opened)
		__atomic_store_n(word, (ElfW(Addr))value, __ATOMIC_RELEASE);
}

static void bind_relocation(const struct object *object, const ElfW(Rela) * relocation)
{
	uint32_t type = (uint32_t)ELF64_R_TYPE(relocation->r_info);
	const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(relocation->r_info)];
	ElfW(Addr) *word = (ElfW(Addr) *)(object->base + relocation->r_offset);
	int i;

	if ((type != RELOCATION_JUMP_SLOT && type != RELOCATION_GLOB_DAT) ||
	    symbol->st_name >= object->strings_bytes || symbol->st_shndx != SHN_UNDEF)
		return;
	i = find_function(object->strings + symbol->st_name);
	if (i < 0)
		return;
	if ((*word >= libc.start && *word < libc.end) ||
	    (type == RELOCATION_JUMP_SLOT && *word >= object->start && *word < object->end))
		write_word(word, functions[i].ours);
}

/* RELRO is what is to be read-only after relocation: as it was. */
static void protect_again(const struct object *object, const ElfW(Phdr) * headers, uint16_t count)
{
	const uintptr_t page_mask = 4095;

	for (uint16_t i = 0; i < count; i++) {
		uintptr_t start = object->base + headers[i].p_vaddr;
		uintptr_t end = start + headers[i].p_memsz;

		/* The loader protects whole pages inside the region, its end rounded down. */
		if (headers[i].p_type == PT_GNU_RELRO && (end & ~page_mask) > (start & ~page_mask))
			sys_call(SYS_mprotect, (long)(start & ~page_mask),
				 (long)((end & ~page_mask) - (start & ~page_mask)), PROT_READ, 0, 0,
				 0);
	}
}

/* How far rebind_new_objects() has come.  Two threads that load at once may look at an object
 * twice, or look again from the start at the next load: binding is idempotent. */
static struct {
	unsigned known;		       /* objects at the head of the list that were looked at */
	unsigned long long unloadings; /* dlpi_subs then: an unloading moves objects up */
	unsigned position;
} progress;

static int visit(struct dl_phdr_info *info, size_t size, void *data)
{
	const ElfW(Dyn) *dynamic = NULL;
	struct object object = {.base = info->dlpi_addr, .start = UINTPTR_MAX};

	(void)size;
	(void)data;
	if (info->dlpi_subs != progress.unloadings) {
		progress.unloadings = info->dlpi_subs;
		progress.known = 0;
	}
	if (progress.position++ < progress.known)
		return 0;
	for (uint16_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		ElfW(Addr) start = object.base + header->p_vaddr;

		if (header->p_type == PT_DYNAMIC)
			dynamic = (const void *)start;
		if (header->p_type != PT_LOAD)
			continue;
		if (start < object.start)
			object.start = start;
		if (start + header->p_memsz > object.end)
			object.end = start + header->p_memsz;
	}
	if ((uintptr_t)gnu_get_libc_version >= object.start &&
	    (uintptr_t)gnu_get_libc_version < object.end) {
		libc.start = object.start;
		libc.end = object.end;
	}
	if (!dynamic || !read_dynamic(&object, dynamic))
		return 0;
	for (int t = 0; t < 2; t++)
		for (size_t i = 0; object.tables[t] && i < object.bytes[t] / sizeof(ElfW(Rela));
		     i++)
			bind_relocation(&object, &object.tables[t][i]);
	protect_again(&object, info->dlpi_phdr, info->dlpi_phnum);
	return 0;
}

/* The list keeps the order of loading: the program, us, libc, ..., new ones last.  The objects of
 * the start are looked at too, once; they found ours by themselves, so nothing changes in them. */
void rebind_new_objects(void)
{
	progress.position = 0;
	dl_iterate_phdr(visit, NULL);
	progress.known = progress.position;
}
