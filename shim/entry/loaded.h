/* SPDX-License-Identifier: MIT */
/*
 * One object that the loader has mapped (program, library), and its dynamic symbols.
 *
 * The functions read mapped memory, as the loader does: no file, no allocation, no libc call.  The
 * caller is inside dl_iterate_phdr(), which keeps the object mapped.
 */
#ifndef FORKSAN_SHIM_LOADED_H
#define FORKSAN_SHIM_LOADED_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loaded {
	ElfW(Addr) base;
	ElfW(Addr) start; /* of the mapped segments */
	ElfW(Addr) end;
	const ElfW(Sym) * symbols;
	const char *strings;
	size_t strings_bytes;
	const ElfW(Half) * versions; /* NULL: symbols have no versions */
	const uint32_t *gnu_hash;    /* NULL: symbols are found through sysv_hash */
	const uint32_t *sysv_hash;
	const ElfW(Rela) * relocations[2]; /* DT_JMPREL, DT_RELA */
	size_t relocation_bytes[2];
};

/* Describes the object of a dl_iterate_phdr() call.  False: the object has no dynamic symbols. */
bool loaded_read(struct loaded *object, const struct dl_phdr_info *info);

/* True when the object is libforksan.so itself. */
bool loaded_is_ours(const struct loaded *object);

/* A name's hash for loaded_find(). */
uint32_t loaded_hash(const char *name);

/* The function or variable that dlsym() would find under that name in this object alone; NULL when
 * the object has no such definition.  The definition is global or weak, and of the default version
 * where there are several.  A definition with an address chosen at run time (STT_GNU_IFUNC) is not
 * found. */
void *loaded_find(const struct loaded *object, const char *name, uint32_t hash);

#endif
