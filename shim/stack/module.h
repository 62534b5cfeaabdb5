/* SPDX-License-Identifier: MIT */
/*
 * The files that are mapped into this process: which file holds an address, the address of a
 * symbol, and a file's number in the registry, by which every process of the session knows the
 * file.
 *
 * The loader's own functions for this (dl_iterate_phdr, dlsym, dladdr) take the loader's lock.  A
 * fork child of a threaded process may find that lock taken for ever, and a report may be written
 * in a signal handler that interrupted dlopen; so the loader's list is read as data, through
 * peek.h.  Where libc has _dl_find_object (glibc 2.35), lock-free and async-signal-safe by the
 * manual, that function finds the file of an address; elsewhere the list is searched.
 *
 * Any thread, signal handler and fork child.  No lock, no allocation, no errno.
 */
#ifndef FORKSAN_SHIM_MODULE_H
#define FORKSAN_SHIM_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forksan/limits.h"
#include "stack/peek.h"

struct registry;

#define MODULE_MAX_PROGRAM_HEADERS 64 /* those behind are not read */

/* A loaded file.  Addresses are of this process; 0: not there. */
struct module {
	uintptr_t map;	   /* the loader's struct link_map */
	uintptr_t bias;	   /* l_addr: address = bias + address in the file */
	uintptr_t name;	   /* l_name: a string; empty for the program itself */
	uintptr_t dynamic; /* l_ld */
	uintptr_t header;  /* the ELF header */
	uintptr_t start;   /* of the mapping */
	uintptr_t end;
	uintptr_t eh_frame_header; /* PT_GNU_EH_FRAME */
};

/* Finds the file that holds `address`; false when no file does.  About 50 ns with _dl_find_object.
 */
bool module_find(struct peek *peek, uintptr_t address, struct module *out);

/* Walks the loader's list: the module after `previous`, the program itself first (previous: map 0).
 * False at the end, and where the list makes no sense because another thread is changing the list.
 */
bool module_next(struct peek *peek, const struct module *previous, struct module *out);

/* False when the loader's node of the module may be freed memory, which nobody must read: the file
 * was closed since module_next() gave the module.  Where libc cannot be asked (glibc before 2.35)
 * true for every module but that of map 0. */
bool module_is_loaded(struct peek *peek, const struct module *module);

/* True when `module`, which is loaded, is still the last of the loader's list, unchanged since
 * module_next() gave the module. */
bool module_is_last(struct peek *peek, const struct module *module);

/* The address of the symbol that `module` defines (DT_GNU_HASH, else DT_HASH; any version), or 0.
 */
uintptr_t module_symbol(struct peek *peek, const struct module *module, const char *name);

/* Writes the file name without the directory, cut to size - 1; "" for the program itself. */
void module_base_name(struct peek *peek, const struct module *module, char *out, size_t size);

/* Copies the build-id from the loaded notes; returns the length, 0 when the file has no build-id.
 */
uint32_t module_build_id(struct peek *peek, const struct module *module,
			 uint8_t out[FORKSAN_BUILD_ID_BYTES]);

/* A module as this process remembers it. */
struct module_known {
	uint32_t number; /* index in the registry + 1; 0: the registry's table is full */
	struct peek_range
		tables; /* the readable segment that holds eh_frame_header; may be empty */
	bool is_new;	/* this process has not asked for the module before */
};

/* Room for module_intern(), too large for small stacks. */
struct module_room {
	char name[FORKSAN_PATH_BYTES];
	/* the part of a file that the registry keeps */
	struct module_content {
		uint32_t build_id_len;
		uint8_t build_id[FORKSAN_BUILD_ID_BYTES];
		char path[FORKSAN_MODULE_PATH_BYTES - 8];
	} content;
};

/* Stores a module's content in the registry, unless it is there, and returns its number; 0: the
 * table is full. */
uint32_t module_store(struct registry *registry, const struct module_content *content);

/* Looks the module up, and stores the module in the registry when the registry does not have it. */
void module_intern(struct registry *registry, struct peek *peek, const struct module *module,
		   struct module_room *room, struct module_known *out);

#endif
