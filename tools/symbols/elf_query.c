/* SPDX-License-Identifier: MIT */
/*
 * See elf_query.h.
 */
#include "symbols/elf_query.h"

#include <ctype.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct file {
	int fd;
	Elf *elf;
};

static bool begin(struct file *file, const char *path)
{
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return false;
	elf_version(EV_CURRENT);
	file->elf = elf_begin(file->fd, ELF_C_READ, NULL);
	if (file->elf != NULL && elf_kind(file->elf) == ELF_K_ELF)
		return true;
	elf_end(file->elf);
	close(file->fd);
	return false;
}

static void end(struct file *file)
{
	elf_end(file->elf);
	close(file->fd);
}

bool elf_query_section(const char *path, const char *name)
{
	struct file file;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;
	bool found = false;

	if (!begin(&file, path))
		return false;
	if (elf_getshdrstrndx(file.elf, &names) == 0) {
		while (!found && (section = elf_nextscn(file.elf, section)) != NULL) {
			const char *text = gelf_getshdr(section, &header) != NULL
						   ? elf_strptr(file.elf, names, header.sh_name)
						   : NULL;

			found = text != NULL && strcmp(text, name) == 0;
		}
	}
	end(&file);
	return found;
}

/* Finds the definition of `name` in the dynamic symbol table. */
static bool find_symbol(Elf *elf, const char *name, GElf_Sym *symbol)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section)) != NULL) {
		Elf_Data *data;

		if (gelf_getshdr(section, &header) == NULL || header.sh_type != SHT_DYNSYM)
			continue;
		data = elf_getdata(section, NULL);
		for (int i = 0; data != NULL && gelf_getsym(data, i, symbol) != NULL; i++) {
			const char *text =
				symbol->st_shndx != SHN_UNDEF
					? elf_strptr(elf, header.sh_link, symbol->st_name)
					: NULL;

			if (text != NULL && strcmp(text, name) == 0)
				return true;
		}
	}
	return false;
}

bool elf_query_symbol(const char *path, const char *name)
{
	struct file file;
	GElf_Sym symbol;
	bool found;

	if (!begin(&file, path))
		return false;
	found = find_symbol(file.elf, name, &symbol);
	end(&file);
	return found;
}

/* The place in the file of a virtual address; -1: the address has no bytes in the file. */
static off_t place_of(Elf *elf, GElf_Addr address)
{
	GElf_Phdr segment;
	size_t count;

	if (elf_getphdrnum(elf, &count) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, &segment) != NULL && segment.p_type == PT_LOAD &&
		    address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
			return (off_t)(segment.p_offset + (address - segment.p_vaddr));
	return -1;
}

bool elf_query_data(const char *path, const char *name, void *out, size_t len_bytes)
{
	struct file file;
	GElf_Sym symbol;
	off_t place = -1;
	bool read_all;

	if (!begin(&file, path))
		return false;
	if (find_symbol(file.elf, name, &symbol))
		place = place_of(file.elf, symbol.st_value);
	read_all = place >= 0 && pread(file.fd, out, len_bytes, place) == (ssize_t)len_bytes;
	end(&file);
	return read_all;
}

/* Orders versions by their numbers: 2.4 before 2.36. */
static bool is_newer(const char *version, const char *than)
{
	return strverscmp(version, than) > 0;
}

/* Walks the version definitions of one section (.gnu.version_d). */
static void take_versions(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, const char *prefix,
			  char *out, size_t size)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Verdef definition;
	GElf_Verdaux name;
	int at = 0;

	for (GElf_Word i = 0; data != NULL && i < header->sh_info; i++) {
		const char *text;

		if (gelf_getverdef(data, at, &definition) == NULL ||
		    gelf_getverdaux(data, at + (int)definition.vd_aux, &name) == NULL)
			return;
		text = elf_strptr(elf, header->sh_link, name.vda_name);
		if (text != NULL && strncmp(text, prefix, strlen(prefix)) == 0 &&
		    isdigit((unsigned char)text[strlen(prefix)]) &&
		    is_newer(text + strlen(prefix), out))
			snprintf(out, size, "%s", text + strlen(prefix));
		if (definition.vd_next == 0)
			return;
		at += (int)definition.vd_next;
	}
}

bool elf_query_newest_version(const char *path, const char *prefix, char *out, size_t size)
{
	struct file file;
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	out[0] = '\0';
	if (!begin(&file, path))
		return false;
	while ((section = elf_nextscn(file.elf, section)) != NULL)
		if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_GNU_verdef)
			take_versions(file.elf, section, &header, prefix, out, size);
	end(&file);
	return out[0] != '\0';
}

bool elf_query_text_after(const char *path, const char *mark, char *out, size_t size)
{
	struct file file;
	size_t file_size = 0, len = 0;
	const char *bytes, *found = NULL;

	if (!begin(&file, path))
		return false;
	bytes = elf_rawfile(file.elf, &file_size);
	if (bytes != NULL)
		found = memmem(bytes, file_size, mark, strlen(mark));
	if (found != NULL) {
		found += strlen(mark);
		while (len + 1 < size && found + len < bytes + file_size &&
		       (isalnum((unsigned char)found[len]) || found[len] == '.' ||
			found[len] == '-')) {
			out[len] = found[len];
			len++;
		}
		out[len] = '\0';
	}
	end(&file);
	return len > 0;
}
