/* SPDX-License-Identifier: MIT */
/* See actor_python.h. */
#include "watcher/actor_python.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gelf.h>

#include "watcher/actor.h"
#include "watcher/loader.h"
#include "stacks/memory.h"
#include "watcher/mapped.h"
#include "stacks/python_code.h"
#include "stacks/python_line.h"
#include "stack/python_frames.h"
#include "stack/walk.h"

/* Looks in vain for an interpreter after which a program is taken to have none: one that is loaded
 * later (uWSGI's plugin) is there by the first stacks. */
#define MAX_LOOKS 12

#define MAX_INTERPRETERS 16
#define MAX_THREADS 1024

struct python_process {
	struct python_types types;
	struct event_python kernel;
	uint32_t next_interpreter;
};

/* The symbols that are looked for, in the order of `names`. */
enum symbol {
	CODE_TYPE,
	STRING_TYPE,
	RUNTIME,
	VERSION,
	FIRST_INTERPRETER,
	NEXT_INTERPRETER,
	FIRST_THREAD,
	NEXT_THREAD,
	SYMBOLS,
};
static const char *const names[SYMBOLS] = {
	"PyCode_Type",
	"PyUnicode_Type",
	"_PyRuntime",
	"Py_Version",
	"PyInterpreterState_Head",
	"PyInterpreterState_Next",
	"PyInterpreterState_ThreadHead",
	"PyThreadState_Next",
};

struct search {
	uint64_t address[SYMBOLS];
	uint16_t version_in_name;
	char program[256];
};

/* --- finding the interpreter -------------------------------------------------------------------
 */

static void read_symbols(Elf *elf, GElf_Addr bias, struct search *search)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section)) != NULL) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNSYM ||
		    header.sh_entsize == 0)
			continue;
		data = elf_getdata(section, NULL);
		for (size_t i = 0; data && i < header.sh_size / header.sh_entsize; i++) {
			const char *name;
			GElf_Sym symbol;

			if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF)
				continue;
			name = elf_strptr(elf, header.sh_link, symbol.st_name);
			if (!name || (name[0] != 'P' && name[0] != '_'))
				continue;
			for (int wanted = 0; wanted < SYMBOLS; wanted++)
				if (strcmp(name, names[wanted]) == 0)
					search->address[wanted] = symbol.st_value + bias;
		}
	}
}

/* 0x030b in ".../python3.11" and ".../libpython3.11.so.1.0"; 0: none. */
static uint16_t version_in(const char *path)
{
	const char *found = strstr(path, "python3.");

	return found ? (uint16_t)(0x0300 | (atoi(found + 8) & 0xff)) : 0;
}

static int look_into(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr start,
		     void *argument)
{
	struct search *search = argument;
	const char *base = strrchr(name, '/');
	GElf_Addr bias;
	Elf *elf;

	(void)user;
	(void)start;
	base = base ? base + 1 : name;
	if (strncmp(base, "libpython3.", 11) != 0 && strcmp(name, search->program) != 0)
		return DWARF_CB_OK;
	elf = dwfl_module_getelf(module, &bias);
	if (!elf)
		return DWARF_CB_OK;
	memset(search->address, 0, sizeof search->address);
	read_symbols(elf, bias, search);
	search->version_in_name = version_in(name);
	return search->address[CODE_TYPE] != 0 ? DWARF_CB_ABORT : DWARF_CB_OK;
}

static uint16_t version_of(const struct search *search)
{
	uint32_t hex = 0;

	if (search->address[VERSION] != 0 &&
	    memory_read(search->address[VERSION], &hex, sizeof hex))
		return (uint16_t)(hex >> 16);
	return search->version_in_name;
}

static bool fill_kernel(const struct search *search, struct python_process *python)
{
	const struct python_layout *layout = &python->types.layout;
	struct event_python *kernel = &python->kernel;
	int32_t next_interpreter, first_thread, next_thread;
	uint64_t interpreters;

	if (!python_code_global(search->address[FIRST_INTERPRETER], &interpreters) ||
	    !python_code_field(search->address[NEXT_INTERPRETER], &next_interpreter) ||
	    !python_code_field(search->address[FIRST_THREAD], &first_thread) ||
	    !python_code_field(search->address[NEXT_THREAD], &next_thread))
		return false;
	kernel->interpreters = interpreters;
	python->next_interpreter = (uint32_t)next_interpreter;
	kernel->code_type = search->address[CODE_TYPE];
	kernel->first_thread = (uint32_t)first_thread;
	kernel->next_thread = (uint32_t)next_thread;
	kernel->thread_id = layout->thread_id;
	kernel->thread_frame = layout->thread_frame;
	kernel->cframe_frame = layout->cframe_frame;
	kernel->frame_code = layout->frame_code;
	kernel->frame_previous = layout->frame_previous;
	kernel->frame_instruction = layout->frame_instruction;
	kernel->frame_owner = layout->frame_owner;
	kernel->instruction_bytes = layout->code_first_instruction != 0 ? 8 : 4;
	return true;
}

static struct python_process *find_python(struct mapped *mapped)
{
	struct search search = {.program = ""};
	struct python_process *python;
	struct peek peek;
	char path[32];
	uint16_t version;
	ssize_t len;

	snprintf(path, sizeof path, "/proc/%d/exe", (int)mapped->pid);
	len = readlink(path, search.program, sizeof search.program - 1);
	if (len > 0)
		search.program[len] = '\0';
	dwfl_getmodules(mapped->dwfl, look_into, &search, 0);
	if (search.address[CODE_TYPE] == 0)
		return NULL;
	python = calloc(1, sizeof *python);
	if (!python)
		return NULL;
	peek_init(&peek);
	version = version_of(&search);
	python->types.code_type = search.address[CODE_TYPE];
	python->types.string_type = search.address[STRING_TYPE];
	python->types.line_of = python_line;
	if (!stack_python_layout(&peek, version, search.address[RUNTIME], &python->types.layout) ||
	    !fill_kernel(&search, python)) {
		free(python);
		return NULL;
	}
	python_line_version(version, search.address[RUNTIME]);
	return python;
}

/* True when a file that may be an interpreter is mapped.  Quicker than libdw's reading of all. */
static bool may_have_python(pid_t pid)
{
	char path[32], line[512];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof line, file))
		found = strstr(line, "python3.") != NULL;
	if (file)
		fclose(file);
	return found;
}

void actor_python_look(struct actor *actor)
{
	if (actor->python || actor->python_looks >= MAX_LOOKS)
		return;
	actor->python_looks++;
	if (!may_have_python(actor->pid))
		return;
	actor->mapped = mapped_read(actor->mapped, actor->pid);
	if (!actor->mapped)
		return;
	memory_look_at(actor->pid);
	actor->python = find_python(actor->mapped);
	if (actor->python)
		loader_set_python(actor->pid, &actor->python->kernel);
}

void actor_python_look_again(void)
{
	struct actor *actor;

	for (actor = actor_living; actor; actor = actor->next)
		actor_python_look(actor);
}

void actor_python_inherit(struct actor *child, const struct actor *parent)
{
	if (!parent->python || child->python)
		return;
	child->python = malloc(sizeof *child->python);
	if (!child->python)
		return;
	*child->python = *parent->python; /* the kernel has done the same at the fork */
}

/* --- frames ------------------------------------------------------------------------------------
 */

/* The threads with that thread pointer, in every interpreter: a sub-interpreter's (uWSGI,
 * mod_wsgi) is another. */
static void walk_threads(const struct python_process *python, uint64_t thread_pointer,
			 struct stack_capture *capture)
{
	const struct event_python *kernel = &python->kernel;
	uint64_t interpreter = 0, thread;

	(void)memory_read(kernel->interpreters, &interpreter, sizeof interpreter);
	for (int i = 0; i < MAX_INTERPRETERS && interpreter != 0; i++) {
		if (!memory_read(interpreter + kernel->first_thread, &thread, sizeof thread))
			return;
		for (int j = 0; j < MAX_THREADS && thread != 0; j++) {
			uint64_t id = 0;

			if (!memory_read(thread + kernel->thread_id, &id, sizeof id))
				return;
			if (id == thread_pointer)
				stack_python_walk_frames(
					capture, &python->types,
					stack_python_innermost_frame(
						&capture->peek, &python->types.layout, thread));
			if (!memory_read(thread + kernel->next_thread, &thread, sizeof thread))
				return;
		}
		if (!memory_read(interpreter + python->next_interpreter, &interpreter,
				 sizeof interpreter))
			return;
	}
}

/* A child that has ended by now had its code objects from its parent, at the same addresses. */
static void look_at_code(const struct actor *actor, uint64_t code)
{
	uint64_t word;

	memory_look_at(actor->pid);
	if (!memory_read(code, &word, sizeof word) && actor->parent_pid > 0)
		memory_look_at(actor->parent_pid);
}

bool actor_python_walk(struct actor *actor, const struct event_stack *stack,
		       struct stack_capture *capture)
{
	const struct python_process *python;

	if (!actor->python)
		actor_python_look(actor);
	python = actor->python;
	if (!python)
		return true;
	if (stack->python_count == 0) {
		walk_threads(python, stack->thread_pointer, capture);
		return capture->text.count == 0;
	}
	look_at_code(actor, stack->python[0].code);
	for (uint32_t i = 0; i < stack->python_count; i++)
		if (!stack_python_push(capture, &python->types, stack->python[i].code,
				       stack->python[i].instruction))
			break;
	capture->text.truncated |= stack->python_count == EVENT_PYTHON_FRAMES;
	return true;
}
