/* SPDX-License-Identifier: MIT */
/*
 * See php.h.
 *
 * Where current_execute_data is in executor_globals, and the file's name in a function, differs
 * between versions.  In its own process the library asks the engine for file and line and looks for
 * the words that lead there (shim/stack/php.c).  Here nothing can be asked, and both are found by
 * their nature: the first word that leads to a chain of frames which ends, with user code that has
 * a line and a file's absolute path.
 */
#include "stacks/php.h"

#include <ctype.h>

#include "stack/php_frame.h"

#define FRAME_PREVIOUS 48

static bool is_path(const char *text, size_t len)
{
	if (len < 2 || text[0] != '/')
		return false;
	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)text[i]))
			return false;
	return true;
}

/* The offset in a function of its file's name; 0: not found.  A function's name (a comment of it
 * comes later) is no path. */
static uint32_t find_file(struct peek *peek, uintptr_t function)
{
	char text[512];

	for (uint32_t i = 4; i < PHP_FUNCTION_WORDS; i++) {
		uintptr_t word;

		if (!peek_pointer(peek, function + i * 8, &word))
			return 0;
		if (word % 8 == 0 && is_path(text, php_frame_string(peek, word, text, sizeof text)))
			return i * 8;
	}
	return 0;
}

/* True when the frames from `frame` on come to an end. */
static bool ends(struct peek *peek, uintptr_t frame)
{
	for (unsigned i = 0; i < STACK_MAX_WALKED; i++) {
		if (frame == 0)
			return true;
		if (frame % 8 != 0 || !peek_pointer(peek, frame + FRAME_PREVIOUS, &frame))
			return false;
	}
	return false;
}

void php_walk(const struct interpreter *interpreter, struct stack_capture *capture)
{
	struct peek *peek = &capture->peek;
	uintptr_t globals = module_symbol(peek, &interpreter->module, "executor_globals");

	for (uint32_t i = 0; globals != 0 && i < PHP_GLOBALS_WORDS; i++) {
		uintptr_t frame, user, function;
		uint32_t file;

		if (!peek_pointer(peek, globals + i * 8, &frame))
			return;
		if (frame < 4096 || frame % 8 != 0 || !ends(peek, frame))
			continue;
		user = php_frame_find_user(peek, frame, &function);
		file = user != 0 && php_frame_line(peek, user) != 0 ? find_file(peek, function) : 0;
		if (file != 0) {
			php_frame_walk(capture, frame, file);
			return;
		}
	}
}
