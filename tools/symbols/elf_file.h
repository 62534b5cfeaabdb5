/* SPDX-License-Identifier: MIT */
/*
 * What the tool asks of an executable: its class, machine and loader.
 */
#ifndef FORKSAN_TOOLS_ELF_FILE_H
#define FORKSAN_TOOLS_ELF_FILE_H

#include <stdbool.h>

struct elf_file {
	int elf_class;	       /* ELFCLASS32, ELFCLASS64 */
	int machine;	       /* e_machine */
	char interpreter[256]; /* PT_INTERP; empty: none */
	char soname[64];       /* DT_SONAME; empty: none */
};

/* Reads the headers of `path`.  False when it cannot be read or is no ELF file; the bytes are
 * hostile. */
bool elf_file_read(const char *path, struct elf_file *out);

#endif
