/* SPDX-License-Identifier: MIT */
/*
 * Names of functions in other processes' files, as the shim's rooms ask for them
 * (stack/module_function.h): from the file, once, when the first of its frames is reported: from
 * that which the process has mapped, whose path may lead elsewhere (a container), or nowhere.
 *
 * As in the library a file's names are those of its dynamic symbols, so that sites and fingerprints
 * are the same.  A static program has none, and Go's functions are never among them: there it is
 * the symbol table.
 *
 * One thread.
 */
#include "stack/module_function.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>
#include <gelf.h>

#include "watcher/actor.h"
#include "watcher/mapped.h"
#include "registry/registry.h"

struct function {
	uint64_t start;
	uint64_t end;
	char *name;
};

static struct functions {
	bool is_read;
	size_t count;
	struct function *sorted;
} files[FORKSAN_MAX_MODULES];

static int compare(const void *a, const void *b)
{
	const struct function *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

/* The section with the names; NULL: there is none. */
static Elf_Scn *find_table(Elf *elf, GElf_Shdr *header)
{
	Elf_Scn *section = NULL, *dynamic = NULL, *whole = NULL;
	bool is_go = false;
	size_t strings;

	if (elf_getshdrstrndx(elf, &strings) != 0)
		return NULL;
	while ((section = elf_nextscn(elf, section)) != NULL) {
		const char *name;

		if (!gelf_getshdr(section, header))
			continue;
		name = elf_strptr(elf, strings, header->sh_name);
		is_go |= name && strcmp(name, ".gopclntab") == 0;
		if (header->sh_type == SHT_DYNSYM)
			dynamic = section;
		if (header->sh_type == SHT_SYMTAB)
			whole = section;
	}
	section = dynamic && !is_go ? dynamic : whole;
	return section && gelf_getshdr(section, header) && header->sh_entsize > 0 ? section : NULL;
}

static void read_table(Elf *elf, struct functions *file)
{
	GElf_Shdr header;
	Elf_Scn *section = find_table(elf, &header);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	size_t count = data ? header.sh_size / header.sh_entsize : 0;

	if (count == 0)
		return;
	file->sorted = calloc(count, sizeof *file->sorted);
	for (size_t i = 0; file->sorted && i < count; i++) {
		const char *name;
		GElf_Sym symbol;

		if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF ||
		    GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
			continue;
		name = elf_strptr(elf, header.sh_link, symbol.st_name);
		if (!name || name[0] == '\0')
			continue;
		file->sorted[file->count++] = (struct function){
			symbol.st_value, symbol.st_value + symbol.st_size, strdup(name)};
	}
	if (file->sorted)
		qsort(file->sorted, file->count, sizeof *file->sorted, compare);
}

static bool is_the_file(Elf *elf, const struct registry_module *module)
{
	const void *bytes;
	ssize_t len = dwelf_elf_gnu_build_id(elf, &bytes);

	if (module->build_id_len == 0)
		return true;
	return len == (ssize_t)module->build_id_len &&
	       memcmp(bytes, module->build_id, (size_t)len) == 0;
}

static void read_file(const struct registry_module *module, struct functions *file)
{
	Elf *elf = actor_now ? mapped_find_elf(actor_now->mapped, module->path) : NULL;
	int fd;

	file->is_read = true;
	if (elf && is_the_file(elf, module)) {
		read_table(elf, file);
		return;
	}
	fd = open(module->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && is_the_file(elf, module))
		read_table(elf, file);
	elf_end(elf);
	close(fd);
}

static const struct function *find(const struct functions *file, uint64_t offset)
{
	size_t low = 0, high = file->count;

	/* the last that begins at or before the offset */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (file->sorted[middle].start <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || offset >= file->sorted[low - 1].end)
		return NULL;
	return &file->sorted[low - 1];
}

size_t module_function_name(uint32_t number, uint64_t offset, char *out, size_t size)
{
	const struct function *function;
	struct functions *file;
	size_t len;

	if (number == 0 || number > FORKSAN_MAX_MODULES)
		return 0;
	file = &files[number - 1];
	if (!file->is_read)
		read_file(&registry_mapping->modules[number - 1], file);
	function = find(file, offset);
	if (!function || !function->name)
		return 0;
	len = strlen(function->name);
	if (len > size - 1)
		len = size - 1;
	memcpy(out, function->name, len);
	out[len] = '\0';
	return len;
}

/* Nothing is noted beforehand. */
void module_note_functions(struct peek *peek, const struct module *module, uint32_t number,
			   const struct peek_range *readable)
{
	(void)peek;
	(void)module;
	(void)number;
	(void)readable;
}
