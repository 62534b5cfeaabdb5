/* SPDX-License-Identifier: MIT */
/*
 * See python_layout.h.  tests/stack/test_python_layout.py compiles each version's own
 * headers, where they are installed, and compares.
 *
 * Sources: CPython Include/cpython/pystate.h, Include/cpython/code.h, Include/frameobject.h (3.8),
 * Include/cpython/frameobject.h (3.9, 3.10), Include/internal/pycore_frame.h (3.11 on),
 * Include/cpython/unicodeobject.h; Include/internal/pycore_runtime.h (3.13) and
 * pycore_debug_offsets.h (3.14): struct _Py_DebugOffsets.
 */
#include "stack/python_layout.h"

/* clang-format off */
static const struct python_layout known[] = {
	/*       thread       cframe  frame                        code                string
	 * ver    id   frame  frame   code prev instr owner  file  name  first  ascii compact */
	{0x0308, 176,  24,    -1,     32,  24,  104,  0,     104,  112,  0,     48,   72},
	{0x0309, 176,  24,    -1,     32,  24,  104,  0,     104,  112,  0,     48,   72},
	{0x030a, 176,  24,    -1,     32,  24,  96,   0,     104,  112,  0,     48,   72},
	{0x030b, 152,  56,    8,      32,  48,  56,   69,    112,  128,  184,   48,   72},
	{0x030c, 136,  56,    0,      0,   8,   56,   70,    112,  128,  192,   40,   56},
};
/* clang-format on */

/* struct _Py_DebugOffsets: 8 bytes of cookie, then 64-bit words.  The indices are of words. */
#define OFFSETS_COOKIE "xdebugpy"
#define OFFSETS_VERSION 1
#define OFFSETS_FREE_THREADED 2
#define OFFSETS_RUNTIME 3     /* size, finalizing, interpreters_head */
#define OFFSETS_INTERPRETER 6 /* size, ... */

/* Words of the groups whose length has changed. */
struct groups {
	uint16_t version;
	uint8_t interpreter;
	uint8_t frame;
	uint8_t code;
};
static const struct groups groups[] = {
	{0x030d, 13, 6, 10},
	{0x030e, 16, 8, 11},
};
#define THREAD_WORDS                                                                               \
	9 /* size prev next interp current_frame thread_id native_id datastack status */

static bool fits(uint64_t offset)
{
	return offset < 0x4000; /* the largest is 152; a wild value is no offset */
}

/* Word `index` of the table at `runtime`; a value that is no offset when the word cannot be read.
 */
static uint64_t read_word(struct peek *peek, uintptr_t runtime, unsigned index)
{
	uint64_t word = UINT64_MAX;

	(void)peek_u64(peek, runtime + (uintptr_t)index * sizeof(word), &word);
	return word;
}

/* From the words of an interpreter's own table. */
static bool from_offsets(struct peek *peek, uintptr_t runtime, const struct groups *group,
			 uint16_t version, struct python_layout *out)
{
	const unsigned thread = OFFSETS_INTERPRETER + group->interpreter;
	/* size previous executable instr_ptr localsplus owner */
	const unsigned frame = thread + THREAD_WORDS;
	const unsigned code = frame + group->frame; /* size filename name qualname ... */

	for (unsigned i = thread; i < code + group->code; i++) {
		if (!fits(read_word(peek, runtime, i)))
			return false;
	}
	*out = (struct python_layout){
		.version = version,
		.thread_frame = (uint16_t)read_word(peek, runtime, thread + 4),
		.thread_id = (uint16_t)read_word(peek, runtime, thread + 5),
		.cframe_frame = -1,
		.frame_previous = (uint16_t)read_word(peek, runtime, frame + 1),
		.frame_code = (uint16_t)read_word(peek, runtime, frame + 2),
		.frame_instruction = (uint16_t)read_word(peek, runtime, frame + 3),
		.frame_owner = (uint16_t)read_word(peek, runtime, frame + 5),
		.code_filename = (uint16_t)read_word(peek, runtime, code + 1),
		.code_name = (uint16_t)read_word(peek, runtime, code + 3),
		.code_first_instruction = (uint16_t)read_word(peek, runtime, code + 9),
		.ascii_size = 40,
		.compact_size = 56,
	};
	return true;
}

bool stack_python_layout(struct peek *peek, uint16_t version, uintptr_t runtime,
			 struct python_layout *out)
{
	char cookie[8];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].version == version) {
			*out = known[i];
			return true;
		}
	}
	if (runtime == 0 || !peek_copy(peek, runtime, cookie, sizeof(cookie)) ||
	    memcmp(cookie, OFFSETS_COOKIE, sizeof(cookie)) != 0 ||
	    read_word(peek, runtime, OFFSETS_VERSION) >> 16 != version ||
	    read_word(peek, runtime, OFFSETS_FREE_THREADED) != 0)
		return false;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (groups[i].version == version)
			return from_offsets(peek, runtime, &groups[i], version, out);
	}
	return false;
}
