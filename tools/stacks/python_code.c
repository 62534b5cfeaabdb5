/* SPDX-License-Identifier: MIT */
/*
 * See python_code.h.  Sources: Intel 64 and IA-32 Architectures Software Developer's Manual, volume
 * 2 (MOV, ENDBR64, RET); Arm Architecture Reference Manual for A-profile (LDR immediate, ADRP, RET,
 * BTI).
 */
#include "stacks/python_code.h"

#include <string.h>

#include "stacks/memory.h"

#define CODE_BYTES 24

#if defined(__x86_64__)

static size_t skip_endbr(const uint8_t *code)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

	return memcmp(code, endbr64, sizeof endbr64) == 0 ? sizeof endbr64 : 0;
}

bool python_code_field(uint64_t address, int32_t *offset)
{
	uint8_t code[CODE_BYTES];
	size_t at;

	if (address == 0 || !memory_read(address, code, sizeof code))
		return false;
	at = skip_endbr(code);
	if (code[at] != 0x48 || code[at + 1] != 0x8b)
		return false;
	switch (code[at + 2]) {
	case 0x07: /* mov (%rdi),%rax */
		*offset = 0;
		return code[at + 3] == 0xc3;
	case 0x47: /* mov 8 bits(%rdi),%rax */
		*offset = code[at + 3];
		return code[at + 4] == 0xc3 && *offset < 128;
	case 0x87: /* mov 32 bits(%rdi),%rax */
		memcpy(offset, &code[at + 3], sizeof *offset);
		return code[at + 7] == 0xc3 && *offset >= 0;
	default:
		return false;
	}
}

/* `mov global(%rip),%rax; ret`, or where the variable is another file's to interpose
 * `mov table entry(%rip),%rax; mov field(%rax),%rax; ret`, the entry holding the variable's
 * address.
 */
bool python_code_global(uint64_t address, uint64_t *global)
{
	uint8_t code[CODE_BYTES];
	int32_t distance, field = 0;
	size_t at;

	if (address == 0 || !memory_read(address, code, sizeof code))
		return false;
	at = skip_endbr(code);
	if (code[at] != 0x48 || code[at + 1] != 0x8b || code[at + 2] != 0x05)
		return false;
	memcpy(&distance, &code[at + 3], sizeof distance);
	at += 7;
	*global = address + at + (uint64_t)(int64_t)distance;
	if (code[at] == 0xc3)
		return true;
	if (code[at] != 0x48 || code[at + 1] != 0x8b)
		return false;
	switch (code[at + 2]) {
	case 0x00: /* mov (%rax),%rax */
		at += 3;
		break;
	case 0x40: /* mov 8 bits(%rax),%rax */
		field = code[at + 3] < 128 ? code[at + 3] : -1;
		at += 4;
		break;
	case 0x80: /* mov 32 bits(%rax),%rax */
		memcpy(&field, &code[at + 3], sizeof field);
		at += 7;
		break;
	default:
		return false;
	}
	if (code[at] != 0xc3 || field < 0 || !memory_read(*global, global, sizeof *global))
		return false;
	*global += (uint64_t)field;
	return true;
}

#else

bool python_code_field(uint64_t address, int32_t *offset)
{
	(void)address;
	(void)offset;
	return false;
}

bool python_code_global(uint64_t address, uint64_t *global)
{
	(void)address;
	(void)global;
	return false;
}

#endif
