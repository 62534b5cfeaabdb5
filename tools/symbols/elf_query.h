/* SPDX-License-Identifier: MIT */
/*
 * Questions about an ELF file on disk, without loading the file.  The bytes are hostile.
 */
#ifndef FORKSAN_TOOLS_ELF_QUERY_H
#define FORKSAN_TOOLS_ELF_QUERY_H

#include <stdbool.h>
#include <stddef.h>

/* True when the file has a section of that name. */
bool elf_query_section(const char *path, const char *name);

/* True when the file's dynamic symbol table defines `name`. */
bool elf_query_symbol(const char *path, const char *name);

/* Copies the first `len_bytes` of the data that the dynamic symbol `name` names, as they stand in
 * the file.  False: there is no such symbol, or its data are not in the file. */
bool elf_query_data(const char *path, const char *name, void *out, size_t len_bytes);

/* The newest version that the file defines with that prefix: "2.36" for "GLIBC_" of libc.so.6.
 * False: the file defines no such version. */
bool elf_query_newest_version(const char *path, const char *prefix, char *out, size_t size);

/* Copies the text that follows the first `mark` in the file, up to a byte that is neither a letter,
 * a digit, a dot nor a dash.  False: the file has no such text. */
bool elf_query_text_after(const char *path, const char *mark, char *out, size_t size);

#endif
