/* SPDX-License-Identifier: MIT */
/*
 * The function at an offset: .symtab where there is one, else .dynsym.  See elfsym.h.
 *
 * Every number in the file is only ever an argument of read_at(), which fails beyond the file's
 * end, and every count has a bound, so that no file can keep us long.
 *
 * Sources: System V ABI chapter 4 (object files); elf(5).
 */
#include "stack/elfsym.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/sys.h"

#define MAX_SECTIONS 4096
#define MAX_PROGRAM_HEADERS 64
#define MAX_SYMBOLS (8u << 20) /* a browser's debug build has 2 million */
#define MAX_NOTE_BYTES 4096
#define SYMBOLS_AT_ONCE 64

/* Where the bytes are: in a file, or in memory. */
struct source {
	int fd; /* -1: in memory */
	const unsigned char *image;
	uint64_t len_bytes;
};

struct search {
	const struct source *source;
	uint64_t offset;
	/* the best so far */
	bool found;
	Elf64_Sym symbol;
	uint64_t strings; /* where its string table lies in the file */
	uint64_t strings_len;
};

static bool read_at(const struct source *source, uint64_t at, void *out, size_t len_bytes)
{
	if (at > source->len_bytes || len_bytes > source->len_bytes - at)
		return false;
	if (source->fd < 0) {
		memcpy(out, source->image + at, len_bytes);
		return true;
	}
	return sys_call(SYS_pread64, source->fd, (long)(uintptr_t)out, (long)len_bytes, (long)at, 0,
			0) == (long)len_bytes;
}

/* A string of at most size - 1 bytes, which must not run out of [at, at + bound). */
static size_t read_name(const struct source *source, uint64_t at, uint64_t bound, char *out,
			size_t size)
{
	size_t len = size - 1;

	if (at > source->len_bytes)
		return 0;
	if (len > bound)
		len = bound;
	if (len > source->len_bytes - at)
		len = source->len_bytes - at;
	if (!read_at(source, at, out, len))
		return 0;
	out[len] = '\0';
	return strlen(out);
}

/* --- the build-id ------------------------------------------------------------------------- */

static bool note_is(const struct source *source, uint64_t at, uint64_t len_bytes,
		    const uint8_t *build_id, size_t build_id_len)
{
	uint64_t end = at + len_bytes;

	if (len_bytes > MAX_NOTE_BYTES || end < at)
		return false;
	while (at + sizeof(Elf64_Nhdr) <= end) {
		unsigned char found[64];
		Elf64_Nhdr note;
		char name[4];

		if (!read_at(source, at, &note, sizeof(note)))
			return false;
		at += sizeof(note);
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(name) &&
		    read_at(source, at, name, sizeof(name)) && memcmp(name, "GNU", 4) == 0)
			return build_id_len <= sizeof(found) && note.n_descsz >= build_id_len &&
			       read_at(source, at + sizeof(name), found, build_id_len) &&
			       memcmp(found, build_id, build_id_len) == 0;
		at += ((uint64_t)note.n_namesz + 3) & ~UINT64_C(3);
		at += ((uint64_t)note.n_descsz + 3) & ~UINT64_C(3);
	}
	return false;
}

static bool build_id_is(const struct source *source, const Elf64_Ehdr *elf, const uint8_t *build_id,
			size_t build_id_len)
{
	Elf64_Phdr header;

	if (build_id_len == 0)
		return true;
	for (unsigned i = 0; i < elf->e_phnum && i < MAX_PROGRAM_HEADERS; i++) {
		if (!read_at(source, elf->e_phoff + (uint64_t)i * sizeof(header), &header,
			     sizeof(header)))
			return false;
		if (header.p_type == PT_NOTE &&
		    note_is(source, header.p_offset, header.p_filesz, build_id, build_id_len))
			return true;
	}
	return false;
}

/* --- the symbols -------------------------------------------------------------------------- */

static bool is_function(const Elf64_Sym *symbol)
{
	unsigned type = ELF64_ST_TYPE(symbol->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) && symbol->st_shndx != SHN_UNDEF &&
	       symbol->st_value != 0;
}

/* Of several names for one function, send and __send, the plain one reads best. */
static bool reads_better(const struct search *search, const Elf64_Sym *symbol, uint64_t strings)
{
	char now = '\0';
	char then = '\0';

	return read_at(search->source, strings + symbol->st_name, &now, 1) &&
	       read_at(search->source, search->strings + search->symbol.st_name, &then, 1) &&
	       then == '_' && now != '_';
}

static void consider(struct search *search, const Elf64_Sym *symbol, const Elf64_Shdr *strings)
{
	if (!is_function(symbol) || symbol->st_value > search->offset ||
	    symbol->st_name >= strings->sh_size)
		return;
	if (search->found && (symbol->st_value < search->symbol.st_value ||
			      (symbol->st_value == search->symbol.st_value &&
			       !reads_better(search, symbol, strings->sh_offset))))
		return;
	search->found = true;
	search->symbol = *symbol;
	search->strings = strings->sh_offset;
	search->strings_len = strings->sh_size;
}

/* The nearest function that begins at or before the offset. */
static void search_table(struct search *search, const Elf64_Shdr *table, const Elf64_Shdr *strings)
{
	Elf64_Sym symbols[SYMBOLS_AT_ONCE];
	uint64_t count = table->sh_size / sizeof(symbols[0]);

	search->found = false;
	for (uint64_t i = 0; i < count && i < MAX_SYMBOLS;) {
		uint64_t now = count - i < SYMBOLS_AT_ONCE ? count - i : SYMBOLS_AT_ONCE;

		if (!read_at(search->source, table->sh_offset + i * sizeof(symbols[0]), symbols,
			     now * sizeof(symbols[0])))
			break;
		for (uint64_t j = 0; j < now; j++)
			consider(search, &symbols[j], strings);
		i += now;
	}
}

static bool read_section(const struct source *source, const Elf64_Ehdr *elf, uint32_t index,
			 Elf64_Shdr *out)
{
	return index < elf->e_shnum &&
	       read_at(source, elf->e_shoff + (uint64_t)index * sizeof(*out), out, sizeof(*out));
}

/* A static function whose name is not in the table may lie between the nearest one and the offset.
 * Functions written in assembler often have no size; those reach to the end of their section. */
static bool holds_offset(const struct search *search, const Elf64_Ehdr *elf)
{
	uint64_t inside = search->offset - search->symbol.st_value;
	Elf64_Shdr section;

	if (search->symbol.st_size != 0)
		return inside < search->symbol.st_size;
	return read_section(search->source, elf, search->symbol.st_shndx, &section) &&
	       search->offset - section.sh_addr < section.sh_size;
}

static void search_sections(struct search *search, const Elf64_Ehdr *elf, uint32_t type)
{
	Elf64_Shdr table, strings;

	for (uint32_t i = 0; !search->found && i < elf->e_shnum && i < MAX_SECTIONS; i++) {
		if (!read_section(search->source, elf, i, &table))
			return;
		if (table.sh_type == type && table.sh_entsize == sizeof(Elf64_Sym) &&
		    read_section(search->source, elf, table.sh_link, &strings))
			search_table(search, &table, &strings);
		search->found = search->found && holds_offset(search, elf);
	}
}

static size_t find(const struct source *source, const uint8_t *build_id, size_t build_id_len,
		   uint64_t offset, char *out, size_t size)
{
	struct search search = {.source = source, .offset = offset};
	Elf64_Ehdr elf;

	out[0] = '\0';
	if (!read_at(source, 0, &elf, sizeof(elf)) || memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_ident[EI_DATA] != ELFDATA2LSB ||
	    elf.e_phentsize != sizeof(Elf64_Phdr) ||
	    !build_id_is(source, &elf, build_id, build_id_len))
		return 0;
	if (elf.e_shentsize != sizeof(Elf64_Shdr))
		return 0;
	search_sections(&search, &elf, SHT_SYMTAB);
	if (!search.found)
		search_sections(&search, &elf, SHT_DYNSYM);
	if (!search.found)
		return 0;
	return read_name(source, search.strings + search.symbol.st_name,
			 search.strings_len - search.symbol.st_name, out, size);
}

size_t elfsym_find(const void *image, size_t len_bytes, const uint8_t *build_id,
		   size_t build_id_len, uint64_t offset, char *out, size_t size)
{
	struct source source = {.fd = -1, .image = image, .len_bytes = len_bytes};

	return find(&source, build_id, build_id_len, offset, out, size);
}

size_t elfsym_name(const char *path, const uint8_t *build_id, size_t build_id_len, uint64_t offset,
		   char *out, size_t size)
{
	struct source source = {.fd = -1};
	size_t len = 0;
	long end;

	out[0] = '\0';
	if (path[0] != '/') /* the vdso and other things that are no file */
		return 0;
	source.fd = (int)sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	if (source.fd < 0)
		return 0;
	end = sys_call(SYS_lseek, source.fd, 0, 2 /* SEEK_END */, 0, 0, 0);
	if (end > 0) {
		source.len_bytes = (uint64_t)end;
		len = find(&source, build_id, build_id_len, offset, out, size);
	}
	sys_close(source.fd);
	return len;
}
