/* SPDX-License-Identifier: MIT */
/*
 * See elf_file.h.
 */
#include "symbols/elf_file.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The string at `offset` of the file, cut to `size`. */
static void copy_string(Elf *elf, GElf_Off offset, GElf_Xword len_bytes, char *out, size_t size)
{
	size_t file_size;
	const char *bytes = elf_rawfile(elf, &file_size);

	if (bytes == NULL || offset > file_size || len_bytes > file_size - offset)
		return;
	if (len_bytes > size - 1)
		len_bytes = size - 1;
	memcpy(out, bytes + offset, len_bytes);
	out[len_bytes] = '\0';
}

/* What musl's libc is called in the libraries and programs that need it. */
static bool is_musl(const char *name)
{
	return strcmp(name, "libc.so") == 0 || strncmp(name, "libc.musl-", 10) == 0;
}

static void read_dynamic(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, struct elf_file *out)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Dyn entry;

	for (int i = 0; data != NULL && gelf_getdyn(data, i, &entry) != NULL; i++) {
		const char *name = NULL;

		if (entry.d_tag == DT_NULL)
			return;
		if (entry.d_tag == DT_SONAME || entry.d_tag == DT_NEEDED)
			name = elf_strptr(elf, header->sh_link, entry.d_un.d_val);
		if (name != NULL && entry.d_tag == DT_SONAME)
			snprintf(out->soname, sizeof out->soname, "%s", name);
		else if (name != NULL && is_musl(name))
			out->needs_musl = true;
	}
}

static bool read_headers(Elf *elf, struct elf_file *out)
{
	Elf_Scn *section = NULL;
	GElf_Ehdr header;
	size_t count;

	if (elf == NULL || elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &header) == NULL)
		return false;
	out->elf_class = gelf_getclass(elf);
	out->machine = header.e_machine;
	if (elf_getphdrnum(elf, &count) != 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (gelf_getphdr(elf, (int)i, &segment) != NULL && segment.p_type == PT_INTERP)
			copy_string(elf, segment.p_offset, segment.p_filesz, out->interpreter,
				    sizeof out->interpreter);
	}
	while ((section = elf_nextscn(elf, section)) != NULL) {
		GElf_Shdr section_header;

		if (gelf_getshdr(section, &section_header) != NULL &&
		    section_header.sh_type == SHT_DYNAMIC)
			read_dynamic(elf, section, &section_header, out);
	}
	return true;
}

bool elf_file_read(const char *path, struct elf_file *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;
	bool good;

	memset(out, 0, sizeof *out);
	if (fd < 0)
		return false;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	good = read_headers(elf, out);
	elf_end(elf);
	close(fd);
	return good;
}
