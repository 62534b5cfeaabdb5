/* SPDX-License-Identifier: MIT */
/*
 * Call frame information and the registers that it is applied to may be anything when memory has
 * been overwritten: a step reads no memory that is not there, and ends.
 *
 * The input is a mapped "file" that begins with an .eh_frame_hdr, followed by what its entries lead
 * to; it lies right before memory that cannot be read.  Registers point into it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "stack/cfi_memo.h"

#define AREA 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned char *area;

/* An .eh_frame_hdr with one entry for the whole area, so that the fuzzer need not find that out: it
 * leads to an FDE at 40 and a CIE at 20. */
static void make_plausible(unsigned char *header)
{
	static const unsigned char start[] = {
		1,    0x1b, 0x03, 0x3b,			  /* version, encodings */
		0,    0,    0,	  0,			  /* .eh_frame */
		1,    0,    0,	  0,			  /* one entry */
		0,    0,    0,	  0,			  /* its pc */
		0x28, 0,    0,	  0,			  /* its FDE */
		0x10, 0,    0,	  0,	0, 0,	 0,    0, /* CIE: length, id */
		1,    'z',  'R',  0,	1, 0x78, 0x10, 1, 0x1b, 0x0c, 7, 8,
	};

	memcpy(header, start, sizeof(start));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cfi_memo_scratch scratch;
	struct cfi_registers registers;
	struct module module = {0};
	unsigned char *begin;
	struct peek peek;
	bool interrupted = false;

	if (area == NULL) {
		area = mmap(NULL, AREA + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
		if (area == MAP_FAILED || mprotect(area + AREA, 4096, PROT_NONE) != 0)
			abort();
	}
	if (size < 64 || size > AREA)
		return 0;
	begin = area + AREA - size;
	memcpy(begin, data, size);
	if (data[size - 1] % 2 == 0)
		make_plausible(begin);
	module.start = module.eh_frame_header = (uintptr_t)begin;
	module.end = (uintptr_t)area + AREA;
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		registers.value[i] = (uintptr_t)begin + data[i] * 8u;
	peek_init(&peek);
	for (unsigned i = 0; i < 8; i++)
		(void)cfi_memo_step(&peek, &scratch, &module, (uintptr_t)begin + data[32 + i],
				    &registers, &interrupted);
	return 0;
}
