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
#include "stack/php_frame.h"

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

/* The offset in a function of the string whose bytes are at `file`; 0: not found. */
static uint32_t find_file_offset(struct peek *peek, uintptr_t function, uintptr_t file)
{
	for (uint32_t i = 4; i < PHP_FUNCTION_WORDS; i++) {
		uintptr_t word;

		if (!peek_pointer(peek, function + i * 8, &word))
			return 0;
		if (word + PHP_STRING_BYTES == file)
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
	frame = php_frame_find_user(peek, frame, &function);
	if (frame == 0 || php_frame_line(peek, frame) != line)
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
	for (uint32_t i = 0; found == 0 && i < PHP_GLOBALS_WORDS; i++)
		found = try_word(peek, globals, i * 8, file, line);
	store_relaxed(&layout, found);
	return found;
}

/* --- walking ------------------------------------------------------------------------------ */

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
	php_frame_walk(capture, frame, known & 0xffff);
}
