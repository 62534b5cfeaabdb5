/* SPDX-License-Identifier: MIT */
/* PHP's frames, read as data.  See php_frame.h. */
#include "stack/php_frame.h"

#include <string.h>

/* zend_execute_data */
#define FRAME_OPLINE 0
#define FRAME_FUNCTION 24
#define FRAME_PREVIOUS 48
/* zend_op */
#define OPLINE_LINE 24
/* zend_function; type is its first byte: 1 internal, 2 user, 4 eval (ZEND_USER_CODE: even) */
#define FUNCTION_NAME 8
#define FUNCTION_CLASS 16
#define FUNCTION_EVAL 4
/* zend_class_entry */
#define CLASS_NAME 8
/* zend_string */
#define STRING_LEN 16

#define MAX_INTERNAL_FRAMES 64

/* The function of a frame; *type is 0 for a frame without one. */
static bool read_function(struct peek *peek, uintptr_t frame, uintptr_t *function, uint8_t *type)
{
	*type = 0;
	if (frame % 8 != 0 || !peek_pointer(peek, frame + FRAME_FUNCTION, function))
		return false;
	return *function == 0 || peek_copy(peek, *function, type, 1);
}

static bool is_user_code(uint8_t type)
{
	return type != 0 && (type & 1) == 0 && type <= FUNCTION_EVAL;
}

uint32_t php_frame_line(struct peek *peek, uintptr_t frame)
{
	uintptr_t opline;
	uint32_t line;

	if (!peek_pointer(peek, frame + FRAME_OPLINE, &opline) || opline == 0 ||
	    !peek_u32(peek, opline + OPLINE_LINE, &line))
		return 0;
	return line;
}

uintptr_t php_frame_find_user(struct peek *peek, uintptr_t frame, uintptr_t *function)
{
	for (unsigned i = 0; i < MAX_INTERNAL_FRAMES && frame != 0; i++) {
		uint8_t type;

		if (!read_function(peek, frame, function, &type))
			return 0;
		if (is_user_code(type))
			return frame;
		if (!peek_pointer(peek, frame + FRAME_PREVIOUS, &frame))
			return 0;
	}
	return 0;
}

size_t php_frame_string(struct peek *peek, uintptr_t string, char *out, size_t size)
{
	uintptr_t bytes = string + PHP_STRING_BYTES;
	uint64_t len;

	if (string == 0 || !peek_u64(peek, string + STRING_LEN, &len) || len > 1u << 20)
		return 0;
	if (len > size) {
		bytes += len - size;
		len = size;
	}
	return peek_copy(peek, bytes, out, len) ? len : 0;
}

/* "Class::method", "function" or "{main}" for a script's own code. */
static size_t read_name(struct peek *peek, uintptr_t function, char *out, size_t size)
{
	uintptr_t class = 0;
	uintptr_t name = 0;
	size_t len = 0;

	if (!peek_pointer(peek, function + FUNCTION_NAME, &name) || name == 0) {
		memcpy(out, "{main}", 6);
		return 6;
	}
	if (peek_pointer(peek, function + FUNCTION_CLASS, &class) && class != 0 &&
	    peek_pointer(peek, class + CLASS_NAME, &class)) {
		len = php_frame_string(peek, class, out, size / 2);
		if (len != 0) {
			out[len++] = ':';
			out[len++] = ':';
		}
	}
	return len + php_frame_string(peek, name, out + len, size - len);
}

static void push_frame(struct stack_capture *capture, uintptr_t frame, uintptr_t function,
		       uint32_t file_offset)
{
	struct peek *peek = &capture->peek;
	uintptr_t file = 0;
	size_t name_len, file_len;

	if (!peek_pointer(peek, function + file_offset, &file))
		return;
	file_len = php_frame_string(peek, file, capture->file, sizeof(capture->file));
	name_len = read_name(peek, function, capture->function, sizeof(capture->function));
	if (file_len != 0)
		stack_push(capture, LANGUAGE_PHP, name_len, file_len, php_frame_line(peek, frame));
}

void php_frame_walk(struct stack_capture *capture, uintptr_t frame, uint32_t file_offset)
{
	struct peek *peek = &capture->peek;

	for (unsigned i = 0; i < STACK_MAX_WALKED && frame != 0; i++) {
		uintptr_t function;
		uint8_t type;

		if (!read_function(peek, frame, &function, &type))
			return;
		if (is_user_code(type))
			push_frame(capture, frame, function, file_offset);
		if (capture->text.truncated && capture->text.has_own)
			return;
		if (!peek_pointer(peek, frame + FRAME_PREVIOUS, &frame))
			return;
	}
}
