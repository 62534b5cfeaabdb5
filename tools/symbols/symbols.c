/* SPDX-License-Identifier: MIT */
/*
 * libdw behind a small door.  See symbols.h.
 *
 * Each module gets a Dwfl of its own, which is opened once, also when no file was found.  A report
 * shows one example for each group, so there are tens of modules, not thousands; beyond MODULE_MAX
 * nothing is looked up.  The answer for an offset is kept, because the frames near main() stand in
 * every stack and a symbol table is searched from end to end.
 */
#include "base/cli.h"
#define uthash_fatal(message) cli_no_memory()
#include "symbols/symbols.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uthash.h>

#define MODULE_MAX 1024
#define ANSWER_MAX 16384	/* a full table is emptied */
#define BUILD_ID_TEXT_BYTES 129 /* 64 bytes of build-id, more than any linker makes */

struct module {
	char *path;
	char *build_id;	     /* NULL: the module has no build-id */
	Dwfl *dwfl;	     /* NULL: no such file with that build-id */
	Dwfl_Module *handle; /* of dwfl */
};

struct question {
	const struct module *module;
	uint64_t offset;
};

struct answer {
	struct question question;
	size_t count;
	UT_hash_handle hh;
	struct symbol_place places[]; /* count of them */
};

struct symbols {
	struct module modules[MODULE_MAX];
	size_t count;
	struct answer *answers;
};

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

struct symbols *symbols_new(void)
{
	return calloc(1, sizeof(struct symbols));
}

static void forget_answers(struct symbols *symbols)
{
	struct answer *answer = symbols->answers;

	HASH_CLEAR(hh, symbols->answers);
	while (answer != NULL) {
		struct answer *next = answer->hh.next;

		free(answer);
		answer = next;
	}
}

void symbols_free(struct symbols *symbols)
{
	forget_answers(symbols);
	for (size_t i = 0; i < symbols->count; i++) {
		free(symbols->modules[i].path);
		free(symbols->modules[i].build_id);
		if (symbols->modules[i].dwfl != NULL)
			dwfl_end(symbols->modules[i].dwfl);
	}
	free(symbols);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* True when the file's build-id is `expected`, or when the file has no build-id and `expected` is
 * NULL. */
static bool build_id_matches(Dwfl_Module *handle, const char *expected)
{
	const unsigned char *bits;
	GElf_Addr address;
	char text[BUILD_ID_TEXT_BYTES] = "";
	int len = dwfl_module_build_id(handle, &bits, &address);

	if (len <= 0)
		return expected == NULL;
	for (int i = 0; i < len && i < (BUILD_ID_TEXT_BYTES - 1) / 2; i++)
		snprintf(text + 2 * i, 3, "%02x", bits[i]);
	return expected != NULL && strcmp(text, expected) == 0;
}

static void open_module(struct module *module)
{
	struct stat stat_buffer;
	GElf_Addr bias;
	bool good;

	/* The log names the file: open nothing that would wait, like a fifo. */
	if (stat(module->path, &stat_buffer) != 0 || !S_ISREG(stat_buffer.st_mode))
		return;
	module->dwfl = dwfl_begin(&callbacks);
	if (module->dwfl == NULL)
		return;
	module->handle = dwfl_report_offline(module->dwfl, module->path, module->path, -1);
	good = module->handle != NULL && dwfl_report_end(module->dwfl, NULL, NULL) == 0 &&
	       dwfl_module_getelf(module->handle, &bias) != NULL &&
	       build_id_matches(module->handle, module->build_id);
	if (!good) {
		dwfl_end(module->dwfl);
		module->dwfl = NULL;
	}
}

static struct module *find_module(struct symbols *symbols, const char *path, const char *build_id)
{
	struct module *module;

	for (size_t i = 0; i < symbols->count; i++)
		if (strcmp(symbols->modules[i].path, path) == 0 &&
		    same_text(symbols->modules[i].build_id, build_id))
			return &symbols->modules[i];
	if (symbols->count == MODULE_MAX)
		return NULL;
	module = &symbols->modules[symbols->count];
	module->path = strdup(path);
	module->build_id = build_id != NULL ? strdup(build_id) : NULL;
	if (module->path == NULL || (build_id != NULL && module->build_id == NULL)) {
		free(module->path);
		free(module->build_id);
		return NULL;
	}
	symbols->count++;
	open_module(module);
	return module;
}

/* The linker's name when there is one: that name holds the scope, which DW_AT_name leaves out. */
static const char *name_of(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name =
		dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));

	if (name == NULL)
		name = dwarf_formstring(
			dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute));
	return name != NULL ? name : dwarf_diename(die);
}

/* Sets `place` to the call site of the inlined function in `scope`. */
static void call_site(Dwarf_Die *unit, Dwarf_Die *scope, struct symbol_place *place)
{
	Dwarf_Attribute attribute;
	Dwarf_Word file, line;
	Dwarf_Files *files;
	size_t file_count;

	if (dwarf_formudata(dwarf_attr(scope, DW_AT_call_line, &attribute), &line) == 0)
		place->line = (int)line;
	if (dwarf_formudata(dwarf_attr(scope, DW_AT_call_file, &attribute), &file) == 0 &&
	    dwarf_getsrcfiles(unit, &files, &file_count) == 0 && file < file_count)
		place->file = dwarf_filesrc(files, file, NULL, NULL);
}

/* Names the places of one address, from the scopes around `pc`; places[0] holds the line already.
 * Returns how many places. */
static size_t add_scopes(Dwarf_Die *unit, Dwarf_Addr pc, struct symbol_place *places)
{
	Dwarf_Die *innermost = NULL, *scopes = NULL;
	size_t count = 1;
	int found = dwarf_getscopes(unit, pc, &innermost);

	/* By way of the DIE, because dwarf_getscopes() replaces the callers of an inlined function
	 * by the scopes of the abstract origin. */
	if (found > 0)
		found = dwarf_getscopes_die(&innermost[0], &scopes);
	for (int i = 0; i < found; i++) {
		int tag = dwarf_tag(&scopes[i]);

		if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
			continue;
		places[count - 1].function = name_of(&scopes[i]);
		if (tag == DW_TAG_subprogram || count == SYMBOL_PLACES)
			break;
		places[count] = (struct symbol_place){0};
		call_site(unit, &scopes[i], &places[count]);
		count++;
	}
	free(innermost);
	free(scopes);
	return count;
}

static size_t look_up(const struct module *module, uint64_t offset,
		      struct symbol_place places[SYMBOL_PLACES])
{
	Dwarf_Addr bias;
	GElf_Addr elf_bias;
	Dwarf_Addr address;
	Dwarf_Die *unit;
	Dwfl_Line *line;
	size_t count = 1;

	if (dwfl_module_getelf(module->handle, &elf_bias) == NULL)
		return 0;
	address = offset + elf_bias;
	places[0] = (struct symbol_place){0};
	line = dwfl_module_getsrc(module->handle, address);
	if (line != NULL)
		places[0].file = dwfl_lineinfo(line, NULL, &places[0].line, NULL, NULL, NULL);
	unit = dwfl_module_addrdie(module->handle, address, &bias);
	if (unit != NULL)
		count = add_scopes(unit, address - bias, places);
	if (places[count - 1].function == NULL)
		places[count - 1].function = dwfl_module_addrname(module->handle, address);
	return places[0].file != NULL || places[0].function != NULL ? count : 0;
}

static void keep_answer(struct symbols *symbols, struct question question, size_t count,
			const struct symbol_place *places)
{
	struct answer *answer = calloc(1, sizeof *answer + count * sizeof *places);

	if (answer == NULL)
		cli_no_memory();
	answer->question = question;
	answer->count = count;
	memcpy(answer->places, places, count * sizeof *places);
	if (HASH_COUNT(symbols->answers) >= ANSWER_MAX)
		forget_answers(symbols);
	HASH_ADD(hh, symbols->answers, question, sizeof question, answer);
}

size_t symbols_find(struct symbols *symbols, const char *path, const char *build_id,
		    uint64_t offset, struct symbol_place places[SYMBOL_PLACES])
{
	struct question question = {find_module(symbols, path, build_id), offset};
	struct answer *answer;
	size_t count;

	if (question.module == NULL || question.module->dwfl == NULL)
		return 0;
	HASH_FIND(hh, symbols->answers, &question, sizeof question, answer);
	if (answer != NULL) {
		memcpy(places, answer->places, answer->count * sizeof *places);
		return answer->count;
	}
	count = look_up(question.module, offset, places);
	keep_answer(symbols, question, count, places);
	return count;
}
