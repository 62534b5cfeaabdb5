/* SPDX-License-Identifier: MIT */
/*
 * See module_function.h.
 *
 * The number of dynamic symbols stands nowhere.  The GNU hash table ends with the last symbol,
 * which is found from the highest bucket; the older table says the number of its chains.
 *
 * Sources: System V ABI chapter 5; binutils bfd/elflink.c for the GNU hash table.
 */
#include "stack/module_function.h"

#include <elf.h>
#include <link.h>

#include "base/lazy.h"
#include "forksan/atomics.h"
#include "forksan/limits.h"
#include "stack/module_tables.h"

/* The search in a file ends here: a symbol has 24 bytes and takes a nanosecond. */
#define MAX_SYMBOLS (1u << 16)
#define MAX_BUCKETS (1u << 20)
#define MAX_CHAIN 4096

/* The files that this process has met, by number.  `start` is published last and never changes: a
 * file that was unloaded and loaded elsewhere has no names here any more. */
struct functions {
	_Atomic uint32_t claimed;
	uint32_t count;
	_Atomic uintptr_t start; /* 0: not known */
	uintptr_t bias;
	uintptr_t symbols;
	uintptr_t strings;
	struct peek_range readable;
};

_Static_assert(FORKSAN_MAX_MODULES * sizeof(struct functions) <= LAZY_FUNCTIONS_BYTES, "fits");

static struct functions *functions_of(uint32_t number)
{
	struct functions *all = lazy_room(LAZY_FUNCTIONS);

	return all && lazy_write((uintptr_t)&all[number - 1], sizeof *all) ? &all[number - 1]
									   : NULL;
}

static uint32_t count_by_gnu_hash(struct peek *peek, uintptr_t table)
{
	uint32_t header[4]; /* buckets, first symbol, bloom words, bloom shift */
	uintptr_t buckets, chain;
	uint32_t last = 0;
	uint32_t link = 0;

	if (!peek_copy(peek, table, header, sizeof(header)) || header[0] > MAX_BUCKETS)
		return 0;
	buckets = table + sizeof(header) + (uintptr_t)header[2] * 8;
	chain = buckets + (uintptr_t)header[0] * 4;
	for (uint32_t i = 0; i < header[0]; i++) {
		uint32_t index;

		if (!peek_u32(peek, buckets + (uintptr_t)i * 4, &index))
			return 0;
		last = index > last ? index : last;
	}
	if (last < header[1])
		return 0;
	for (unsigned i = 0; i < MAX_CHAIN && (link & 1) == 0; i++, last++) {
		if (!peek_u32(peek, chain + (uintptr_t)(last - header[1]) * 4, &link))
			return 0;
	}
	return last;
}

static uint32_t count_symbols(struct peek *peek, const struct module_tables *tables)
{
	uint32_t header[2]; /* buckets, chains */

	if (tables->gnu_hash != 0)
		return count_by_gnu_hash(peek, tables->gnu_hash);
	if (tables->hash != 0 && peek_copy(peek, tables->hash, header, sizeof(header)))
		return header[1];
	return 0;
}

void module_note_functions(struct peek *peek, const struct module *module, uint32_t number,
			   const struct peek_range *readable)
{
	struct functions *functions = functions_of(number);
	struct module_tables tables;
	uint32_t unclaimed = 0;

	if (!functions || !module_read_tables(peek, module, &tables) ||
	    !compare_exchange_acq_rel(&functions->claimed, &unclaimed, 1))
		return;
	functions->bias = module->bias;
	functions->symbols = tables.symbols;
	functions->strings = tables.strings;
	functions->count = count_symbols(peek, &tables);
	functions->readable = *readable;
	store_release(&functions->start, module->start);
}

/* Of several names for one function, send and __send, the plain one reads best. */
static bool reads_better(struct peek *peek, const struct functions *functions, uint32_t name,
			 uint32_t than)
{
	char now = '\0';
	char then = '\0';

	return peek_copy(peek, functions->strings + name, &now, 1) &&
	       peek_copy(peek, functions->strings + than, &then, 1) && then == '_' && now != '_';
}

/* A symbol without a size names a version or a place, not a function's extent. */
static bool holds(const ElfW(Sym) * symbol, uint64_t offset)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF &&
	       offset >= symbol->st_value && offset - symbol->st_value < symbol->st_size;
}

size_t module_function_name(uint32_t number, uint64_t offset, char *out, size_t size)
{
	const struct functions *functions;
	struct peek peek;
	struct module module;
	ElfW(Sym) symbol;
	uint32_t best = 0;
	size_t len = 0;
	uintptr_t start;

	out[0] = '\0';
	if (number == 0 || number > FORKSAN_MAX_MODULES)
		return 0;
	functions = functions_of(number);
	if (!functions)
		return 0;
	start = load_acquire(&functions->start);
	peek_init(&peek);
	if (start == 0 || !module_find(&peek, start, &module) || module.start != start ||
	    module.bias != functions->bias)
		return 0;
	peek_trust(&peek.file, functions->readable.low, functions->readable.high);
	for (uint32_t i = 1; i < functions->count && i < MAX_SYMBOLS; i++) {
		if (!peek_copy(&peek, functions->symbols + (uintptr_t)i * sizeof(symbol), &symbol,
			       sizeof(symbol)))
			return 0;
		if (holds(&symbol, offset) &&
		    (best == 0 || reads_better(&peek, functions, symbol.st_name, best)))
			best = symbol.st_name;
	}
	if (best == 0 || !peek_string(&peek, functions->strings + best, out, size, &len))
		return 0;
	return len;
}
