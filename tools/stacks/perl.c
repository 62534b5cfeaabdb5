/* SPDX-License-Identifier: MIT */
/*
 * See perl.h.
 */
#include "stacks/perl.h"

#include <string.h>

static uintptr_t current;

static void *get_current(unsigned key)
{
	(void)key;
	return (void *)current;
}

uint64_t perl_current(const struct interpreter *interpreter, struct peek *peek)
{
	if (module_symbol(peek, &interpreter->module, "PL_thr_key") == 0)
		return 0;
	return module_symbol(peek, &interpreter->module, "PL_curinterp");
}

/* Perl_dowantarray(interpreter) begins with `mov curstackinfo(%rdi),%rdx`, perhaps after making
 * room on the stack; curcop, curstack and curstackinfo stand in a row (intrpvar.h). */
bool perl_find(const struct interpreter *interpreter, struct peek *peek,
	       struct stack_perl_places *places)
{
	uintptr_t at = module_symbol(peek, &interpreter->module, "Perl_dowantarray");
	uint8_t code[24];
	uint32_t field;

	*places = (struct stack_perl_places){
		.cop = module_symbol(peek, &interpreter->module, "PL_curcop"),
		.info = module_symbol(peek, &interpreter->module, "PL_curstackinfo")};
	if (places->cop != 0 && places->info != 0)
		return true;
	if (at == 0 || !peek_copy(peek, at, code, sizeof code))
		return false;
	for (size_t i = 0; i < 12; i++) {
		/* mov 32 bits(%rdi),register */
		if (code[i] != 0x48 || code[i + 1] != 0x8b || (code[i + 2] & 0xc7) != 0x87)
			continue;
		memcpy(&field, &code[i + 3], sizeof field);
		*places = (struct stack_perl_places){.cop = field - 16, .info = field};
		return field % 8 == 0 && field >= 16 && field < 1024;
	}
	return false;
}

bool perl_walk_at(const struct interpreter *interpreter, struct stack_capture *capture,
		  struct stack_perl_places *places)
{
	uint64_t pointer = perl_current(interpreter, &capture->peek);

	current = 0;
	if (pointer != 0)
		(void)peek_pointer(&capture->peek, pointer, &current);
	stack_getspecific = get_current;
	stack_perl_consider(&capture->peek, &interpreter->module, "");
	return stack_perl_walk_at(capture, places);
}

void perl_walk(const struct interpreter *interpreter, struct stack_capture *capture)
{
	struct stack_perl_places places;

	(void)perl_walk_at(interpreter, capture, &places);
}
