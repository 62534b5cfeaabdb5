/* SPDX-License-Identifier: MIT */
/*
 * A module's build-id, from its notes in memory: the file may have been replaced.
 */
#include "stack/module.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#define MAX_NOTE_BYTES 4096

/* Walks the notes of one PT_NOTE segment.  The notes are aligned to 4 bytes; those of segments
 * aligned to 8 (.note.gnu.property) hold no build-id. */
static uint32_t build_id_in_notes(struct peek *peek, uintptr_t notes, uint64_t len_bytes,
				  uint8_t out[FORKSAN_BUILD_ID_BYTES])
{
	uint64_t at = 0;

	while (at + sizeof(ElfW(Nhdr)) <= len_bytes && len_bytes <= MAX_NOTE_BYTES) {
		ElfW(Nhdr) note;
		char name[4];
		uint64_t name_len, data_len;

		if (!peek_copy(peek, notes + at, &note, sizeof(note)))
			return 0;
		at += sizeof(note);
		name_len = ((uint64_t)note.n_namesz + 3) & ~UINT64_C(3);
		data_len = ((uint64_t)note.n_descsz + 3) & ~UINT64_C(3);
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(name) &&
		    peek_copy(peek, notes + at, name, sizeof(name)) &&
		    memcmp(name, "GNU", sizeof(name)) == 0) {
			uint32_t len = note.n_descsz;

			if (len > FORKSAN_BUILD_ID_BYTES)
				len = FORKSAN_BUILD_ID_BYTES;
			return peek_copy(peek, notes + at + name_len, out, len) ? len : 0;
		}
		at += name_len + data_len;
	}
	return 0;
}

uint32_t module_build_id(struct peek *peek, const struct module *module,
			 uint8_t out[FORKSAN_BUILD_ID_BYTES])
{
	ElfW(Ehdr) elf;
	ElfW(Phdr) header;

	if (!peek_copy(peek, module->header, &elf, sizeof(elf)) ||
	    memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 || elf.e_phentsize != sizeof(header))
		return 0;
	for (unsigned i = 0; i < elf.e_phnum && i < MODULE_MAX_PROGRAM_HEADERS; i++) {
		uint32_t len;

		if (!peek_copy(peek, module->header + elf.e_phoff + i * sizeof(header), &header,
			       sizeof(header)))
			return 0;
		if (header.p_type != PT_NOTE)
			continue;
		len = build_id_in_notes(peek, module->bias + header.p_vaddr, header.p_memsz, out);
		if (len != 0)
			return len;
	}
	return 0;
}
