/* SPDX-License-Identifier: MIT */
/*
 * See interpreters.h.
 */
#include "stacks/interpreters.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "stacks/perl.h"
#include "stacks/php.h"
#include "stacks/python.h"
#include "stacks/remote.h"
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

struct search {
	const char *program;
	struct interpreter *found;
};

/* Fills what module_symbol() needs, and the data; false: the file is none that it can read. */
static bool fill_module(Dwfl_Module *dwfl_module, struct interpreter *found)
{
	Dwarf_Addr start, end;
	GElf_Addr bias;
	struct module *module = &found->module;
	Elf *elf = dwfl_module_getelf(dwfl_module, &bias);
	GElf_Phdr segment;
	size_t count;

	if (elf == NULL || elf_getphdrnum(elf, &count) != 0 || gelf_getclass(elf) != ELFCLASS64)
		return false;
	dwfl_module_info(dwfl_module, NULL, &start, &end, NULL, NULL, NULL, NULL);
	*module = (struct module){
		.map = 1, .bias = bias, .header = start, .start = start, .end = end};
	for (size_t i = 0; i < count; i++) {
		if (gelf_getphdr(elf, (int)i, &segment) == NULL)
			continue;
		if (segment.p_type == PT_DYNAMIC)
			module->dynamic = bias + segment.p_vaddr;
		if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) != 0) {
			found->data_start = (bias + segment.p_vaddr) & ~UINT64_C(7);
			found->data_end = bias + segment.p_vaddr + segment.p_memsz;
		}
	}
	return module->dynamic != 0;
}

static void keep_build_id(Dwfl_Module *module, struct interpreter *out)
{
	const unsigned char *bytes;
	GElf_Addr address;
	int len = dwfl_module_build_id(module, &bytes, &address);

	if (len > 0 && len <= (int)sizeof out->build_id)
		memcpy(out->build_id, bytes, (size_t)len);
}

static int look_into(Dwfl_Module *dwfl_module, void **user, const char *name, Dwarf_Addr start,
		     void *argument)
{
	struct search *search = argument;
	const char *base = strrchr(name, '/');
	const char *version = strstr(name, "python3.");
	struct interpreter found = {0};
	struct peek peek;

	(void)user;
	(void)start;
	base = base != NULL ? base + 1 : name;
	peek_init(&peek);
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if ((strncmp(base, known[i].library, strlen(known[i].library)) != 0 &&
		     strcmp(name, search->program) != 0) ||
		    !fill_module(dwfl_module, &found) ||
		    module_symbol(&peek, &found.module, known[i].symbol) == 0)
			continue;
		*search->found = found;
		search->found->language = known[i].language;
		keep_build_id(dwfl_module, search->found);
		if (version != NULL)
			search->found->version = (uint16_t)(0x0300 | (atoi(version + 8) & 0xff));
		return DWARF_CB_ABORT;
	}
	return DWARF_CB_OK;
}

void interpreter_find(Dwfl *dwfl, const char *program, struct interpreter *out)
{
	struct search search = {.program = program, .found = out};

	*out = (struct interpreter){.language = LANGUAGE_NATIVE};
	dwfl_getmodules(dwfl, look_into, &search, 0);
	if (out->language != LANGUAGE_NATIVE)
		remote_set_interpreter(&out->module);
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
