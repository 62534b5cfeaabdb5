/* SPDX-License-Identifier: MIT */
/*
 * Looks up a symbol in a loaded file's own tables, without the loader.  See module.h.
 *
 * Sources: System V ABI chapter 5, "Hash Table"; the GNU hash section as laid out by binutils
 * bfd/elflink.c: nbuckets, symoffset, bloom words, bloom shift, bloom[], buckets[], chain[].
 */
#include "stack/module.h"

#include <elf.h>
#include <link.h>

#include "stack/module_tables.h"

#define MAX_CHAIN 4096 /* symbols in one bucket; a longer chain is no table */

/* The value of symbol `index` when it is a definition of `name`, else 0. */
static uintptr_t value_if_named(struct peek *peek, const struct module *module,
				const struct module_tables *tables, uint32_t index,
				const char *name)
{
	ElfW(Sym) symbol;
	char found[64];
	size_t len = 0;

	if (!peek_copy(peek, tables->symbols + (uintptr_t)index * sizeof(symbol), &symbol,
		       sizeof(symbol)) ||
	    symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0)
		return 0;
	if (ELF64_ST_TYPE(symbol.st_info) != STT_FUNC &&
	    ELF64_ST_TYPE(symbol.st_info) != STT_OBJECT)
		return 0;
	if (!peek_string(peek, tables->strings + symbol.st_name, found, sizeof(found), &len) ||
	    strcmp(found, name) != 0)
		return 0;
	return module->bias + symbol.st_value;
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t hash = 5381;

	for (; *name != '\0'; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static uintptr_t look_in_gnu_hash(struct peek *peek, const struct module *module,
				  const struct module_tables *tables, const char *name)
{
	uint32_t header[4]; /* buckets, first symbol, bloom words, bloom shift */
	uint32_t hash = gnu_hash(name);
	uintptr_t bloom = tables->gnu_hash + sizeof(header);
	uintptr_t buckets, chain;
	uint64_t word;
	uint32_t index;

	if (!peek_copy(peek, tables->gnu_hash, header, sizeof(header)) || header[0] == 0 ||
	    header[2] == 0 || header[3] > 31)
		return 0;
	if (!peek_u64(peek, bloom + (hash / 64 % header[2]) * 8, &word) ||
	    (word >> (hash % 64) & 1) == 0 || (word >> ((hash >> header[3]) % 64) & 1) == 0)
		return 0;
	buckets = bloom + (uintptr_t)header[2] * 8;
	chain = buckets + (uintptr_t)header[0] * 4;
	if (!peek_u32(peek, buckets + (uintptr_t)(hash % header[0]) * 4, &index) ||
	    index < header[1])
		return 0;
	for (unsigned i = 0; i < MAX_CHAIN; i++, index++) {
		uint32_t link;
		uintptr_t value = 0;

		if (!peek_u32(peek, chain + (uintptr_t)(index - header[1]) * 4, &link))
			return 0;
		if ((link | 1) == (hash | 1))
			value = value_if_named(peek, module, tables, index, name);
		if (value != 0 || (link & 1) != 0)
			return value;
	}
	return 0;
}

static uint32_t sysv_hash(const char *name)
{
	uint32_t hash = 0;

	for (; *name != '\0'; name++) {
		hash = (hash << 4) + (unsigned char)*name;
		hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
	}
	return hash;
}

static uintptr_t look_in_hash(struct peek *peek, const struct module *module,
			      const struct module_tables *tables, const char *name)
{
	uint32_t header[2]; /* buckets, chains */
	uint32_t index;

	if (!peek_copy(peek, tables->hash, header, sizeof(header)) || header[0] == 0 ||
	    !peek_u32(peek,
		      tables->hash + sizeof(header) + (uintptr_t)(sysv_hash(name) % header[0]) * 4,
		      &index))
		return 0;
	for (unsigned i = 0; i < MAX_CHAIN && index != 0 && index < header[1]; i++) {
		uintptr_t value = value_if_named(peek, module, tables, index, name);

		if (value != 0)
			return value;
		if (!peek_u32(peek,
			      tables->hash + sizeof(header) + ((uintptr_t)header[0] + index) * 4,
			      &index))
			return 0;
	}
	return 0;
}

uintptr_t module_symbol(struct peek *peek, const struct module *module, const char *name)
{
	struct module_tables tables;

	if (!module_read_tables(peek, module, &tables))
		return 0;
	if (tables.gnu_hash != 0)
		return look_in_gnu_hash(peek, module, &tables, name);
	if (tables.hash != 0)
		return look_in_hash(peek, module, &tables, name);
	return 0;
}
