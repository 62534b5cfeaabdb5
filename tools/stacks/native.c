/* SPDX-License-Identifier: MIT */
/*
 * See native.h.
 */
#include "stacks/native.h"

#include <dwarf.h>
#include <string.h>

#include "forksan/limits.h"
#include "stacks/memory.h"
#include "symbols/demangle.h"

struct walk {
	Dwfl *dwfl;
	const struct registers *registers;
	pid_t tid;
	json_t *frames;
};

static pid_t next_thread(Dwfl *dwfl, void *argument, void **thread_argument)
{
	struct walk *walk = argument;

	(void)dwfl;
	if (*thread_argument != NULL)
		return 0;
	*thread_argument = walk;
	return walk->tid;
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *result, void *argument)
{
	(void)dwfl;
	(void)argument;
	return memory_read(address, result, sizeof *result);
}

static bool set_registers(Dwfl_Thread *thread, void *argument)
{
	const struct registers *registers = ((const struct walk *)argument)->registers;

	for (int i = 0; i < REGISTERS_MAX; i++) {
		Dwarf_Word value = registers->value[i];

		if ((registers->known >> i & 1) != 0 &&
		    !dwfl_thread_state_registers(thread, i, 1, &value))
			return false;
	}
#if defined(__aarch64__) /* where the pc is no DWARF register */
	dwfl_thread_state_register_pc(thread, registers->pc);
#endif
	return true;
}

static const Dwfl_Thread_Callbacks callbacks = {
	.next_thread = next_thread,
	.memory_read = read_word,
	.set_initial_registers = set_registers,
};

/* The file and line of an address, where there is debugging information. */
static void put_source(json_t *frame, Dwfl_Module *module, Dwarf_Addr address)
{
	Dwfl_Line *line = dwfl_module_getsrc(module, address);
	const char *file;
	int number = 0;

	if (line == NULL)
		return;
	file = dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL);
	if (file == NULL)
		return;
	json_object_set_new(frame, "file", json_string(file));
	json_object_set_new(frame, "line", json_integer(number));
}

static json_t *describe(Dwfl *dwfl, Dwarf_Addr address)
{
	Dwfl_Module *module = dwfl_addrmodule(dwfl, address);
	json_t *frame = json_pack("{s:s}", "language", "native");
	const char *path = NULL, *name, *function;
	Dwarf_Addr bias = 0;
	GElf_Off offset;
	GElf_Sym symbol;
	char clean[DEMANGLE_BYTES];

	if (module == NULL) {
		json_object_set_new(frame, "offset", json_integer((json_int_t)address));
		return frame;
	}
	(void)dwfl_module_getelf(module, &bias);
	name = dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, &path, NULL);
	function = dwfl_module_addrinfo(module, address, &offset, &symbol, NULL, NULL, NULL);
	json_object_set_new(frame, "module", json_string(path != NULL ? path : name));
	json_object_set_new(frame, "offset", json_integer((json_int_t)(address - bias)));
	if (function != NULL) {
		if (demangle(function, clean))
			function = clean;
		json_object_set_new(frame, "function", json_string(function));
	}
	put_source(frame, module, address);
	return frame;
}

static int on_frame(Dwfl_Frame *frame, void *argument)
{
	struct walk *walk = argument;
	Dwarf_Addr pc;
	bool exact;

	if (!dwfl_frame_pc(frame, &pc, &exact) ||
	    json_array_size(walk->frames) >= 2 * FORKSAN_MAX_NATIVE_FRAMES)
		return DWARF_CB_ABORT;
	/* every pc but the innermost is behind a call */
	json_array_append_new(walk->frames, describe(walk->dwfl, exact ? pc : pc - 1));
	return DWARF_CB_OK;
}

void native_walk(Dwfl *dwfl, pid_t pid, pid_t tid, const struct registers *registers,
		 json_t *frames)
{
	struct walk walk = {dwfl, registers, tid, frames};

	if (dwfl_attach_state(dwfl, NULL, pid, &callbacks, &walk))
		(void)dwfl_getthread_frames(dwfl, tid, on_frame, &walk);
}
