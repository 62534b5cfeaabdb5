/* SPDX-License-Identifier: MIT */
/*
 * See interpreters.h.
 */
#include "stacks/interpreters.h"

#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stacks/memory.h"
#include "stacks/perl.h"
#include "stacks/php.h"
#include "stacks/python.h"
#include "stacks/ruby.h"

static const struct {
	enum language language;
	const char *library; /* the beginning of the file's name, where it is not the program */
	const char *symbol;
} known[] = {
	{LANGUAGE_PYTHON, "libpython3.", "PyCode_Type"},
	{LANGUAGE_PERL, "libperl", "PL_op_name"},
	{LANGUAGE_RUBY, "libruby", "ruby_api_version"},
	{LANGUAGE_PHP, "libphp", "zend_get_executed_filename"},
};

/* Fills what module_symbol() needs, and the data, from the program headers in memory; false: they
 * are none of a 64-bit file that is linked dynamically. */
static bool fill_module(uint64_t start, const Elf64_Phdr *segments, size_t count,
			struct interpreter *found)
{
	struct module *module = &found->module;
	Elf64_Ehdr header;
	size_t first = 0;

	if (!memory_read(start, &header, sizeof header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
		return false;
	while (first < count && segments[first].p_type != PT_LOAD)
		first++;
	if (first == count)
		return false;
	*module = (struct module){
		.map = 1,
		.bias = start - (segments[first].p_vaddr - segments[first].p_offset),
		.header = start,
		.start = start,
	};
	for (size_t i = 0; i < count; i++) {
		uint64_t address = module->bias + segments[i].p_vaddr;

		if (segments[i].p_type == PT_DYNAMIC)
			module->dynamic = address;
		if (segments[i].p_type != PT_LOAD)
			continue;
		module->end = address + segments[i].p_memsz;
		if ((segments[i].p_flags & PF_W) != 0) {
			found->data_start = address & ~UINT64_C(7);
			found->data_end = module->end;
		}
	}
	return module->dynamic != 0;
}

/* The symbols decide which language it is; false: none. */
static bool is_interpreter(struct interpreter *found, const char *path)
{
	const char *version = strstr(path, "python3.");
	struct peek peek;

	peek_init(&peek);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (module_symbol(&peek, &found->module, known[i].symbol) == 0)
			continue;
		found->language = known[i].language;
		module_build_id(&peek, &found->module, found->build_id);
		if (version != NULL)
			found->version = (uint16_t)(0x0300 | (atoi(version + 8) & 0xff));
		return true;
	}
	return false;
}

bool interpreter_find_program(pid_t pid, struct interpreter *out)
{
	struct {
		uint64_t type, value;
	} entry;
	Elf64_Phdr segments[MODULE_MAX_PROGRAM_HEADERS];
	uint64_t headers = 0, count = 0, start;
	char path[32], program[PATH_MAX];
	ssize_t len;
	FILE *file;

	*out = (struct interpreter){.language = LANGUAGE_NATIVE};
	snprintf(path, sizeof path, "/proc/%d/auxv", (int)pid);
	file = fopen(path, "re");
	while (file != NULL && fread(&entry, sizeof entry, 1, file) == 1) {
		if (entry.type == AT_PHDR)
			headers = entry.value;
		if (entry.type == AT_PHNUM)
			count = entry.value;
	}
	if (file != NULL)
		fclose(file);
	if (headers == 0 || count == 0 || count > MODULE_MAX_PROGRAM_HEADERS ||
	    !memory_read(headers, segments, count * sizeof segments[0]))
		return false;
	/* They follow the ELF header at once, as every linker has it. */
	start = headers - sizeof(Elf64_Ehdr);
	snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
	len = readlink(path, program, sizeof program - 1);
	program[len > 0 ? len : 0] = '\0';
	return fill_module(start, segments, count, out) && is_interpreter(out, program);
}

static bool is_library_of_one(const char *path)
{
	const char *base = strrchr(path, '/');
	bool is_one = false;

	base = base != NULL ? base + 1 : path;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		is_one |= strncmp(base, known[i].library, strlen(known[i].library)) == 0;
	return is_one;
}

static int look_into(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr start,
		     void *argument)
{
	struct interpreter found = {.language = LANGUAGE_NATIVE};
	Elf64_Phdr segments[MODULE_MAX_PROGRAM_HEADERS];
	Elf64_Ehdr header;

	(void)module;
	(void)user;
	if (!is_library_of_one(name) || !memory_read(start, &header, sizeof header) ||
	    header.e_phnum > MODULE_MAX_PROGRAM_HEADERS ||
	    !memory_read(start + header.e_phoff, segments, header.e_phnum * sizeof segments[0]) ||
	    !fill_module(start, segments, header.e_phnum, &found) || !is_interpreter(&found, name))
		return DWARF_CB_OK;
	*(struct interpreter *)argument = found;
	return DWARF_CB_ABORT;
}

bool interpreter_find_library(Dwfl *dwfl, struct interpreter *out)
{
	*out = (struct interpreter){.language = LANGUAGE_NATIVE};
	dwfl_getmodules(dwfl, look_into, out, 0);
	return out->language != LANGUAGE_NATIVE;
}

void interpreter_walk(const struct interpreter *interpreter, pid_t tid,
		      struct stack_capture *capture)
{
	if (interpreter->language == LANGUAGE_PYTHON)
		python_walk(interpreter, tid, capture);
	else if (interpreter->language == LANGUAGE_RUBY)
		ruby_walk(interpreter, tid, capture);
	else if (interpreter->language == LANGUAGE_PERL)
		perl_walk(interpreter, capture);
	else if (interpreter->language == LANGUAGE_PHP)
		php_walk(interpreter, capture);
}
