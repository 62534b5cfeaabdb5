/* SPDX-License-Identifier: MIT */
/*
 * The facts about an executable that the tool needs: class, machine and loader.
 */
#ifndef FORKSAN_TOOLS_ELF_FILE_H
#define FORKSAN_TOOLS_ELF_FILE_H

#include <stdbool.h>

struct elf_file {
	int elf_class;	       /* ELFCLASS32, ELFCLASS64 */
	int machine;	       /* e_machine */
	char interpreter[256]; /* PT_INTERP; empty: no loader */
	char soname[64];       /* DT_SONAME; empty: no name */
	bool needs_musl;       /* DT_NEEDED: musl's libc */
};

/* Reads the headers of `path`.  False when the file cannot be read or is no ELF file; the bytes are
 * hostile. */
bool elf_file_read(const char *path, struct elf_file *out);

#endif
