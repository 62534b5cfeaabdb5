/* SPDX-License-Identifier: MIT */
/*
 * Where a loaded file's symbols, their names and the hash tables are, by the file's dynamic
 * section.
 */
#ifndef FORKSAN_SHIM_STACK_MODULE_TABLES_H
#define FORKSAN_SHIM_STACK_MODULE_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "stack/module.h"
#include "stack/peek.h"

/* Addresses in this process; 0: the file has no such table. */
struct module_tables {
	uintptr_t symbols;
	uintptr_t strings;
	uintptr_t gnu_hash;
	uintptr_t hash;
};

/* False when the file has no symbols, or its dynamic section cannot be read. */
bool module_read_tables(struct peek *peek, const struct module *module, struct module_tables *out);

#endif
