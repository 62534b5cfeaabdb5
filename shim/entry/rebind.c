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
 * A word that holds libc's address of a function that this library exports gets the exported one; a
 * lazy JUMP_SLOT that still points into its own object does too, unless the object defines the
 * symbol itself.  Any other value was somebody's choice and stays.  Words in RELRO pages are made
 * writable for the moment.
 */
#include "entry/rebind.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "entry/loaded.h"
#include "forksan/atomics.h"

#if defined(__x86_64__)
#define RELOCATION_JUMP_SLOT R_X86_64_JUMP_SLOT
#define RELOCATION_GLOB_DAT R_X86_64_GLOB_DAT
#else
#define RELOCATION_JUMP_SLOT R_AARCH64_JUMP_SLOT
#define RELOCATION_GLOB_DAT R_AARCH64_GLOB_DAT
#endif

/* The two objects between which references are moved; found at the first look, never unloaded. */
static struct loaded libc;
static struct loaded ours;

static void write_word(ElfW(Addr) * word, void *value)
{
	const uintptr_t page_bytes = 4096;
	uintptr_t page = (uintptr_t)word & ~(page_bytes - 1);
	bool opened = sys_call(SYS_mprotect, (long)page, (long)page_bytes, PROT_READ | PROT_WRITE,
			       0, 0, 0) == 0;

	if (opened)
		__atomic_store_n(word, (ElfW(Addr))value, __ATOMIC_RELEASE);
}

static bool is_inside(const struct loaded *object, ElfW(Addr) address)
{
	return address >= object->start && address < object->end;
}

static void bind_relocation(const struct loaded *object, const ElfW(Rela) * relocation)
{
	uint32_t type = (uint32_t)ELF64_R_TYPE(relocation->r_info);
	const ElfW(Sym) *symbol = &object->symbols[ELF64_R_SYM(relocation->r_info)];
	ElfW(Addr) *word = (ElfW(Addr) *)(object->base + relocation->r_offset);
	const char *name;
	void *function;

	if ((type != RELOCATION_JUMP_SLOT && type != RELOCATION_GLOB_DAT) ||
	    symbol->st_name >= object->strings_bytes || symbol->st_shndx != SHN_UNDEF)
		return;
	if (!is_inside(&libc, *word) && (type != RELOCATION_JUMP_SLOT || !is_inside(object, *word)))
		return;
	name = object->strings + symbol->st_name;
	function = loaded_find(&ours, name, loaded_hash(name));
	if (function)
		write_word(word, function);
}

/* RELRO pages are read-only after relocation: makes those of the object so again. */
static void protect_again(const struct dl_phdr_info *info)
{
	const uintptr_t page_mask = 4095;

	for (uint16_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + header->p_vaddr;
		uintptr_t end = start + header->p_memsz;

		/* The loader protects whole pages inside the region, its end rounded down. */
		if (header->p_type == PT_GNU_RELRO && (end & ~page_mask) > (start & ~page_mask))
			sys_call(SYS_mprotect, (long)(start & ~page_mask),
				 (long)((end & ~page_mask) - (start & ~page_mask)), PROT_READ, 0, 0,
				 0);
	}
}

/* How far rebind_new_objects() has come.  When two threads load at once, an object may be looked at
 * twice, or the next load may look from the start again: binding is idempotent. */
static struct {
	unsigned known;		       /* objects at the head of the list that were looked at */
	unsigned long long unloadings; /* dlpi_subs then: an unloading moves objects up */
	unsigned position;
} progress;

/* Called by dl_iterate_phdr() for each object.  Passes over the objects that come before `ours` and
 * libc in the list: those are of the program's start.
 */
static int visit(struct dl_phdr_info *info, size_t size, void *data)
{
	struct loaded object;
	bool has_symbols;

	(void)size;
	(void)data;
	if (info->dlpi_subs != progress.unloadings) {
		progress.unloadings = info->dlpi_subs;
		progress.known = 0;
	}
	if (progress.position++ < progress.known)
		return 0;
	has_symbols = loaded_read(&object, info);
	if (loaded_is_ours(&object)) {
		ours = object;
		return 0;
	}
	if (is_inside(&object, (ElfW(Addr))getauxval)) {
		libc = object;
		return 0;
	}
	if (!has_symbols || !ours.symbols || !libc.symbols)
		return 0;
	for (int t = 0; t < 2; t++) {
		size_t count = object.relocation_bytes[t] / sizeof(ElfW(Rela));

		for (size_t i = 0; object.relocations[t] && i < count; i++)
			bind_relocation(&object, &object.relocations[t][i]);
	}
	protect_again(info);
	return 0;
}

/* The list keeps the order of loading: the program, forksan, libc, ..., new objects last.  Some
 * objects of the start are looked at too, once; those found the interposed functions without help,
 * so nothing changes.
 */
void rebind_new_objects(void)
{
	progress.position = 0;
	dl_iterate_phdr(visit, NULL);
	progress.known = progress.position;
}
