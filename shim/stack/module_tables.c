/* SPDX-License-Identifier: MIT */
/*
 * See module_tables.h.
 *
 * glibc relocates the addresses in the dynamic section in place on most machines and leaves them
 * alone where the section is read-only; a value below the bias is one that was left alone.
 */
#include "stack/module_tables.h"

#include <elf.h>
#include <link.h>

#define MAX_DYNAMIC 256

bool module_read_tables(struct peek *peek, const struct module *module, struct module_tables *out)
{
	ElfW(Dyn) entry;

	*out = (struct module_tables){0};
	for (unsigned i = 0; i < MAX_DYNAMIC; i++) {
		uintptr_t value;

		if (!peek_copy(peek, module->dynamic + i * sizeof(entry), &entry, sizeof(entry)))
			return false;
		value = entry.d_un.d_ptr;
		if (value < module->bias)
			value += module->bias;
		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_SYMTAB)
			out->symbols = value;
		else if (entry.d_tag == DT_STRTAB)
			out->strings = value;
		else if (entry.d_tag == DT_GNU_HASH)
			out->gnu_hash = value;
		else if (entry.d_tag == DT_HASH)
			out->hash = value;
	}
	return out->symbols != 0 && out->strings != 0;
}
