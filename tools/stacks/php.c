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
#include <string.h>

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

bool php_find_from(uint64_t current, struct peek *peek, struct php_places *places)
{
	uintptr_t frame, user, function;

	if (!peek_pointer(peek, current, &frame) || frame < 4096 || frame % 8 != 0 ||
	    !ends(peek, frame))
		return false;
	user = php_frame_find_user(peek, frame, &function);
	if (user == 0 || php_frame_line(peek, user) == 0)
		return false;
	*places = (struct php_places){current, find_file(peek, function)};
	return places->file != 0;
}

bool php_find(const struct interpreter *interpreter, struct peek *peek, struct php_places *places)
{
	uintptr_t globals = module_symbol(peek, &interpreter->module, "executor_globals");

	for (uint32_t i = 0; globals != 0 && i < PHP_GLOBALS_WORDS; i++)
		if (php_find_from(globals + i * 8, peek, places))
			return true;
	return false;
}

/* zend_get_executed_scope() begins with `lea executor_globals(%rip),%rax`, or a `mov` of that
 * address from a table, and `mov current_execute_data(%rax),%rax`. */
uint64_t php_current(const struct interpreter *interpreter, struct peek *peek)
{
	static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa}, load[] = {0x48, 0x8b, 0x80};
	uintptr_t globals = module_symbol(peek, &interpreter->module, "executor_globals");
	uintptr_t at = module_symbol(peek, &interpreter->module, "zend_get_executed_scope");
	uint32_t field;
	uint8_t code[24];

	if (globals == 0 || at == 0 || !peek_copy(peek, at, code, sizeof code))
		return 0;
	at = memcmp(code, endbr64, sizeof endbr64) == 0 ? sizeof endbr64 : 0;
	if (code[at] != 0x48 || (code[at + 1] != 0x8d && code[at + 1] != 0x8b) ||
	    code[at + 2] != 0x05 || memcmp(&code[at + 7], load, sizeof load) != 0)
		return 0;
	memcpy(&field, &code[at + 10], sizeof field);
	return field % 8 == 0 && field < PHP_GLOBALS_WORDS * 8 ? globals + field : 0;
}

void php_walk_from(const struct php_places *places, struct stack_capture *capture)
{
	uintptr_t frame;

	if (peek_pointer(&capture->peek, places->current, &frame))
		php_frame_walk(capture, frame, places->file);
}

void php_walk(const struct interpreter *interpreter, struct stack_capture *capture)
{
	struct php_places places;

	if (php_find(interpreter, &capture->peek, &places))
		php_walk_from(&places, capture);
}
