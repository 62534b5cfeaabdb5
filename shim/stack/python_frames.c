/* SPDX-License-Identifier: MIT */
/* See python_frames.h. */
#include "stack/python_frames.h"

/* PyObject: ob_refcnt, ob_type; PyVarObject: ob_size; PyASCIIObject: length, hash, state. */
#define OBJECT_TYPE 8
#define VAR_SIZE 16
#define STRING_LENGTH 16
#define STRING_STATE 32

/* enum _frameowner: from here on a frame is the interpreter's own, not a Python function's. */
#define FRAME_OWNED_BY_INTERPRETER 3

/* The bits of a _PyStackRef that are no address (3.14); zero in the pointers of older versions. */
#define REFERENCE_TAG_MASK ((uintptr_t)7)

/* --- strings ------------------------------------------------------------------------------ */

static size_t put_utf8(char *out, size_t room, uint32_t c)
{
	if (c >= 0xd800 && c < 0xe000)
		c = '?'; /* a byte of a file name that was no UTF-8 (PEP 383) */
	if (c < 0x80 && room >= 1) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800 && room >= 2) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000 && room >= 3) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	if (room >= 4) {
		out[0] = (char)(0xf0 | (c >> 18 & 7));
		out[1] = (char)(0x80 | (c >> 12 & 0x3f));
		out[2] = (char)(0x80 | (c >> 6 & 0x3f));
		out[3] = (char)(0x80 | (c & 0x3f));
		return 4;
	}
	return 0;
}

/* Copies a str object as UTF-8.  The end of a long string is kept: the end of a path says more.
 * Returns the length; 0 when `object` is no string. */
static size_t read_string(struct peek *peek, const struct python_types *types, uintptr_t object,
			  char *out, size_t size)
{
	uintptr_t type;
	uint64_t length;
	uint32_t state, kind;
	uintptr_t data;
	size_t len = 0;

	if (!peek_pointer(peek, object + OBJECT_TYPE, &type) || type != types->string_type ||
	    !peek_u64(peek, object + STRING_LENGTH, &length) ||
	    !peek_u32(peek, object + STRING_STATE, &state))
		return 0;
	/* interned: 2 bits, or 16 in some 3.14 builds; then kind: 3, compact: 1, ascii: 1 */
	if ((state >> 2 & 7) == 0)
		state >>= 14;
	kind = state >> 2 & 7;
	if ((state >> 5 & 1) == 0 || (kind != 1 && kind != 2 && kind != 4))
		return 0;
	data = object +
	       ((state >> 6 & 1) != 0 ? types->layout.ascii_size : types->layout.compact_size);
	if (length > size - 1) {
		data += (length - (size - 1)) * kind;
		length = size - 1;
	}
	for (uint64_t i = 0; i < length; i++) {
		uint32_t c = 0;
		size_t put;

		if (!peek_copy(peek, data + i * kind, &c, kind)) /* little-endian machines only */
			break;
		put = put_utf8(out + len, size - 1 - len, c);
		if (put == 0)
			break;
		len += put;
	}
	return len;
}

/* --- frames ------------------------------------------------------------------------------- */

/* The frame's instruction, as struct python_layout says. */
static bool read_instruction(struct peek *peek, const struct python_layout *layout, uintptr_t frame,
			     uint64_t *out)
{
	uint32_t last = 0;

	if (layout->code_first_instruction != 0)
		return peek_u64(peek, frame + layout->frame_instruction, out);
	if (!peek_u32(peek, frame + layout->frame_instruction, &last))
		return false;
	*out = last;
	return true;
}

static uint32_t line_at(struct peek *peek, const struct python_types *types, uintptr_t code,
			uint64_t instruction)
{
	const struct python_layout *layout = &types->layout;
	uint64_t units = 0;
	int64_t offset;
	int line;

	if (layout->code_first_instruction == 0) {
		/* f_lasti counts bytes up to 3.9, then instructions of two */
		offset = (int64_t)(int32_t)instruction * (layout->version >= 0x030a ? 2 : 1);
	} else {
		if (!peek_u64(peek, code + VAR_SIZE, &units))
			return 0;
		offset = (int64_t)(instruction - (code + layout->code_first_instruction));
		if (offset >= (int64_t)units * 2)
			return 0;
	}
	if (offset < 0)
		offset = -1; /* not started yet: the function's first line */
	if (offset > INT32_MAX)
		return 0;
	line = types->line_of(code, (int)offset);
	return line > 0 ? (uint32_t)line : 0;
}

static bool is_code(struct peek *peek, const struct python_types *types, uintptr_t object)
{
	uintptr_t type;

	return peek_pointer(peek, object + OBJECT_TYPE, &type) && type == types->code_type;
}

bool stack_python_push(struct stack_capture *capture, const struct python_types *types,
		       uintptr_t code, uint64_t instruction)
{
	struct peek *peek = &capture->peek;
	uintptr_t name = 0;
	uintptr_t file = 0;
	size_t name_len, file_len;

	if (!is_code(peek, types, code))
		return false;
	if (!peek_pointer(peek, code + types->layout.code_name, &name) ||
	    !peek_pointer(peek, code + types->layout.code_filename, &file))
		return true;
	name_len = read_string(peek, types, name, capture->function, sizeof(capture->function));
	file_len = read_string(peek, types, file, capture->file, sizeof(capture->file));
	stack_push(capture, LANGUAGE_PYTHON, name_len, file_len,
		   line_at(peek, types, code, instruction));
	return true;
}

void stack_python_walk_frames(struct stack_capture *capture, const struct python_types *types,
			      uintptr_t frame)
{
	const struct python_layout *layout = &types->layout;
	struct peek *peek = &capture->peek;

	for (unsigned i = 0; i < STACK_MAX_WALKED && frame != 0; i++) {
		uint64_t instruction = 0;
		uintptr_t code = 0;
		uint8_t owner = 0;

		if (!peek_pointer(peek, frame + layout->frame_code, &code) ||
		    (layout->frame_owner != 0 &&
		     !peek_copy(peek, frame + layout->frame_owner, &owner, 1)))
			return;
		code &= ~REFERENCE_TAG_MASK;
		if (owner < FRAME_OWNED_BY_INTERPRETER) {
			if (!read_instruction(peek, layout, frame, &instruction) ||
			    !stack_python_push(capture, types, code, instruction))
				return;
		}
		if (capture->text.truncated && capture->text.has_own)
			return;
		if (!peek_pointer(peek, frame + layout->frame_previous, &frame))
			return;
	}
}

uintptr_t stack_python_innermost_frame(struct peek *peek, const struct python_layout *layout,
				       uintptr_t thread)
{
	uintptr_t frame;

	if (!peek_pointer(peek, thread + layout->thread_frame, &frame))
		return 0;
	if (layout->cframe_frame >= 0 &&
	    (frame == 0 || !peek_pointer(peek, frame + (uintptr_t)layout->cframe_frame, &frame)))
		return 0;
	return frame;
}
