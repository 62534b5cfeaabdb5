/* SPDX-License-Identifier: MIT */
/*
 * PHP frames: PHP 7 and 8, one thread a process (NTS) or many (ZTS, from 7.4).
 *
 *   executor_globals.current_execute_data --> frame --prev--> frame --> ...
 *   frame: opline (line), func --> zend_function: name, class; of user code also the file
 *
 * The offset of current_execute_data in executor_globals, and of the file's name in a function,
 * differ between versions and builds.  Both offsets are found by asking the engine: it exports
 * zend_get_executed_filename() and zend_get_executed_lineno(), which walk the same frames to the
 * innermost user code; a word that leads to the same file and line leads to the right frames.  Both
 * functions are pure reads.  The offsets are confirmed in the same way at each walk, because
 * another word may have held the frame by chance.  Everything else is read through peek.h.
 *
 * Left out: functions written in C, and a generator that has handed over with `yield from`, which
 * the engine puts back into the chain only for its own backtraces.
 *
 * Sources: php-src Zend/zend_compile.h (zend_execute_data, zend_op, zend_op_array), zend_types.h
 * (zend_string), zend.h (zend_class_entry), zend_execute_API.c, TSRM/TSRM.c; 7.4, 8.2, 8.4.
 */
#include "stack/walk.h"

#include <string.h>

#include "forksan/atomics.h"

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
#define STRING_BYTES 24

#define GLOBALS_WORDS 640 /* of executor_globals; current_execute_data is word 61 in 8.2 */
#define FUNCTION_WORDS 64 /* of zend_op_array, which has 31 in 8.2 */
#define MAX_INTERNAL_FRAMES 64

struct php {
	struct stack_home home;
	uintptr_t globals;	  /* executor_globals; 0 in ZTS */
	uintptr_t globals_offset; /* executor_globals_offset, in ZTS */
	uintptr_t (*thread_globals)(void);
	const char *(*file)(void);
	uint32_t (*line)(void);
};

/* Offsets, once found: current_execute_data in the upper half, the file in the lower.  0: not yet.
 */
static _Atomic uint32_t layout;

/* As in python.c: written by the one that scans, then published. */
static struct php phps[4];
static _Atomic uint32_t published;
static uint32_t next_place;

void stack_php_consider(struct peek *peek, const struct module *module, const char *name)
{
	struct php *php = &phps[next_place % (sizeof(phps) / sizeof(phps[0]))];

	if (name[0] != '\0' && strncmp(name, "libphp", 6) != 0)
		return;
	*php = (struct php){
		.home = stack_home_of(module),
		.file = (const char *(*)(void))module_symbol(peek, module,
							     "zend_get_executed_filename"),
	};
	if (php->file == NULL)
		return;
	php->line = (uint32_t(*)(void))module_symbol(peek, module, "zend_get_executed_lineno");
	php->globals = module_symbol(peek, module, "executor_globals");
	php->globals_offset = module_symbol(peek, module, "executor_globals_offset");
	php->thread_globals = (uintptr_t(*)(void))module_symbol(peek, module, "tsrm_get_ls_cache");
	if (php->line == NULL ||
	    (php->globals == 0 && (php->globals_offset == 0 || php->thread_globals == NULL)))
		return;
	store_relaxed(&layout, 0); /* another PHP may have been loaded in place of the last */
	store_release(&published, next_place % (sizeof(phps) / sizeof(phps[0])) + 1);
	next_place++;
}

/* The address of executor_globals of this thread; 0: PHP does not know the thread. */
static uintptr_t find_globals(struct peek *peek, const struct php *php)
{
	uint64_t offset;
	uintptr_t base;

	if (php->globals != 0)
		return php->globals;
	base = php->thread_globals();
	if (base == 0 || !peek_u64(peek, php->globals_offset, &offset))
		return 0;
	return base + offset;
}

/* --- the layout --------------------------------------------------------------------------- */

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

static uint32_t read_line(struct peek *peek, uintptr_t frame)
{
	uintptr_t opline;
	uint32_t line;

	if (!peek_pointer(peek, frame + FRAME_OPLINE, &opline) || opline == 0 ||
	    !peek_u32(peek, opline + OPLINE_LINE, &line))
		return 0;
	return line;
}

/* The innermost frame of user code, from `frame` on; 0: there is no such frame, or `frame` is no
 * frame. */
static uintptr_t find_user_frame(struct peek *peek, uintptr_t frame, uintptr_t *function)
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

/* The offset in a function of the string whose bytes are at `file`; 0: not found. */
static uint32_t find_file_offset(struct peek *peek, uintptr_t function, uintptr_t file)
{
	for (uint32_t i = 4; i < FUNCTION_WORDS; i++) {
		uintptr_t word;

		if (!peek_pointer(peek, function + i * 8, &word))
			return 0;
		if (word + STRING_BYTES == file)
			return i * 8;
	}
	return 0;
}

/* The layout if the word at `offset` of the globals leads to that file and line, else 0. */
static uint32_t try_word(struct peek *peek, uintptr_t globals, uint32_t offset, uintptr_t file,
			 uint32_t line)
{
	uintptr_t frame, function;
	uint32_t file_offset;

	if (!peek_pointer(peek, globals + offset, &frame) || frame < 4096 || frame % 8 != 0)
		return 0;
	frame = find_user_frame(peek, frame, &function);
	if (frame == 0 || read_line(peek, frame) != line)
		return 0;
	file_offset = find_file_offset(peek, function, file);
	return file_offset != 0 ? offset << 16 | file_offset : 0;
}

/* 0: no user code runs, or no word leads to the frame of the code that runs. */
static uint32_t find_layout(struct peek *peek, const struct php *php, uintptr_t globals)
{
	uint32_t known = load_relaxed(&layout);
	uintptr_t file = (uintptr_t)php->file();
	uint32_t line = php->line(); /* 0, and the file "[no active file]": no user code */
	uint32_t found = 0;

	if (line == 0)
		return 0;
	if (known != 0 && try_word(peek, globals, known >> 16, file, line) == known)
		return known;
	for (uint32_t i = 0; found == 0 && i < GLOBALS_WORDS; i++)
		found = try_word(peek, globals, i * 8, file, line);
	store_relaxed(&layout, found);
	return found;
}

/* --- walking ------------------------------------------------------------------------------ */

/* Copies a zend_string, without the beginning of one that is too long; returns the length. */
static size_t read_string(struct peek *peek, uintptr_t string, char *out, size_t size)
{
	uintptr_t bytes = string + STRING_BYTES;
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
		len = read_string(peek, class, out, size / 2);
		if (len != 0) {
			out[len++] = ':';
			out[len++] = ':';
		}
	}
	return len + read_string(peek, name, out + len, size - len);
}

static void push_frame(struct stack_capture *capture, uintptr_t frame, uintptr_t function,
		       uint32_t file_offset)
{
	struct peek *peek = &capture->peek;
	uintptr_t file = 0;
	size_t name_len, file_len;

	if (!peek_pointer(peek, function + file_offset, &file))
		return;
	file_len = read_string(peek, file, capture->file, sizeof(capture->file));
	name_len = read_name(peek, function, capture->function, sizeof(capture->function));
	if (file_len != 0)
		stack_push(capture, LANGUAGE_PHP, name_len, file_len, read_line(peek, frame));
}

void stack_php_walk(struct stack_capture *capture)
{
	uint32_t number = load_acquire(&published);
	struct peek *peek = &capture->peek;
	uintptr_t globals, frame = 0;
	uint32_t known;
	const struct php *php;

	if (number == 0)
		return;
	php = &phps[number - 1];
	if (!stack_home_is_loaded(peek, (uintptr_t)php->file, php->home))
		return;
	globals = find_globals(peek, php);
	if (globals == 0)
		return;
	known = find_layout(peek, php, globals);
	if (known == 0 || !peek_pointer(peek, globals + (known >> 16), &frame))
		return;
	for (unsigned i = 0; i < STACK_MAX_WALKED && frame != 0; i++) {
		uintptr_t function;
		uint8_t type;

		if (!read_function(peek, frame, &function, &type))
			return;
		if (is_user_code(type))
			push_frame(capture, frame, function, known & 0xffff);
		if (capture->text.truncated && capture->text.has_own)
			return;
		if (!peek_pointer(peek, frame + FRAME_PREVIOUS, &frame))
			return;
	}
}
