/* SPDX-License-Identifier: MIT */
/*
 * See loaded.h.  The dynamic section and its tables: System V ABI, chapter 5.  The newer hash
 * table:
 *
 *   DT_GNU_HASH --> buckets, first symbol, bloom words, bloom shift
 *                   bloom[]    two bits for each name that is there
 *                   bucket[]   hash % buckets -> index of the first symbol
 *                   chain[]    that symbol's hash and its successors'; bit 0 set: the last
 */
#include "entry/loaded.h"

#include <elf.h>
#include <string.h>

/* A symbol's version word (DT_VERSYM, Linux Standard Base, "Symbol Versioning"): not the default.
 */
#define VERSION_HIDDEN 0x8000

/* On the supported machines glibc's loader relocates the addresses in the dynamic section, though
 * not the vDSO's; musl's loader does not.  A value below the base is an offset. */
static const void *pointer(const struct loaded *object, ElfW(Addr) value)
{
	return (const void *)(value < object->base ? object->base + value : value);
}

static void read_dynamic(struct loaded *object, const ElfW(Dyn) * dynamic)
{
	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		const void *table = pointer(object, dynamic->d_un.d_ptr);

		switch (dynamic->d_tag) {
		case DT_SYMTAB:
			object->symbols = table;
			break;
		case DT_STRTAB:
			object->strings = table;
			break;
		case DT_STRSZ:
			object->strings_bytes = dynamic->d_un.d_val;
			break;
		case DT_VERSYM:
			object->versions = table;
			break;
		case DT_GNU_HASH:
			object->gnu_hash = table;
			break;
		case DT_HASH:
			object->sysv_hash = table;
			break;
		case DT_JMPREL:
			object->relocations[0] = table;
			break;
		case DT_PLTRELSZ:
			object->relocation_bytes[0] = dynamic->d_un.d_val;
			break;
		case DT_RELA:
			object->relocations[1] = table;
			break;
		case DT_RELASZ:
			object->relocation_bytes[1] = dynamic->d_un.d_val;
			break;
		default:
			break;
		}
	}
}

bool loaded_read(struct loaded *object, const struct dl_phdr_info *info)
{
	const ElfW(Dyn) *dynamic = NULL;

	*object = (struct loaded){.base = info->dlpi_addr, .start = UINTPTR_MAX};
	for (uint16_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		ElfW(Addr) start = object->base + header->p_vaddr;

		if (header->p_type == PT_DYNAMIC)
			dynamic = (const void *)start;
		if (header->p_type != PT_LOAD)
			continue;
		if (start < object->start)
			object->start = start;
		if (start + header->p_memsz > object->end)
			object->end = start + header->p_memsz;
	}
	if (dynamic)
		read_dynamic(object, dynamic);
	return object->symbols && object->strings;
}

bool loaded_is_ours(const struct loaded *object)
{
	ElfW(Addr) ours = (ElfW(Addr))loaded_is_ours;

	return ours >= object->start && ours < object->end;
}

uint32_t loaded_hash(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (uint8_t)*name;
	return hash;
}

static bool defines(const struct loaded *object, uint32_t index, const char *name)
{
	const ElfW(Sym) *symbol = &object->symbols[index];
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	return symbol->st_shndx != SHN_UNDEF &&
	       (type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE) &&
	       ELF64_ST_BIND(symbol->st_info) != STB_LOCAL &&
	       symbol->st_name < object->strings_bytes &&
	       strcmp(object->strings + symbol->st_name, name) == 0 &&
	       !(object->versions && (object->versions[index] & VERSION_HIDDEN) != 0);
}

static uint32_t find_by_gnu_hash(const struct loaded *object, const char *name, uint32_t hash)
{
	const uint32_t *header = object->gnu_hash;
	uint32_t bucket_count = header[0];
	uint32_t first = header[1];
	uint32_t bloom_words = header[2];
	const ElfW(Addr) *bloom = (const void *)(header + 4);
	const uint32_t *buckets = (const void *)(bloom + bloom_words);
	const uint32_t *chain = buckets + bucket_count;
	const unsigned word_bits = sizeof(ElfW(Addr)) * 8;
	ElfW(Addr) word = bloom[hash / word_bits % bloom_words];
	uint32_t i;

	if ((word >> hash % word_bits & word >> (hash >> header[3]) % word_bits & 1) == 0)
		return 0;
	i = buckets[hash % bucket_count];
	if (i < first)
		return 0;
	for (;; i++) {
		uint32_t other = chain[i - first];

		if ((other | 1) == (hash | 1) && defines(object, i, name))
			return i;
		if ((other & 1) != 0)
			return 0;
	}
}

/* The older table's second word is the number of symbols.  Few objects have the older table alone,
 * so a search by buckets is not worth the code. */
static uint32_t find_among_all(const struct loaded *object, const char *name)
{
	for (uint32_t i = 1; i < object->sysv_hash[1]; i++)
		if (defines(object, i, name))
			return i;
	return 0;
}

void *loaded_find(const struct loaded *object, const char *name, uint32_t hash)
{
	uint32_t index = 0;

	if (object->gnu_hash)
		index = find_by_gnu_hash(object, name, hash);
	else if (object->sysv_hash)
		index = find_among_all(object, name);
	return index != 0 ? (void *)(object->base + object->symbols[index].st_value) : NULL;
}
