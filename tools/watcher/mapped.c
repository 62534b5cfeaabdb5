/* SPDX-License-Identifier: MIT */
/* See mapped.h. */
#include "watcher/mapped.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stacks/maps.h"

static const Dwfl_Callbacks callbacks = {
	.find_elf = mapped_files_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

/* libdw's own reading has the vDSO, too, and refuses the list of a process that has our library. */
static bool report_files(Dwfl *dwfl, pid_t pid)
{
	char path[32];
	FILE *maps;
	bool done;

	if (dwfl_linux_proc_report(dwfl, pid) == 0)
		return true;
	dwfl_report_begin(dwfl);
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	if (maps)
		maps = maps_read(maps);
	done = maps && dwfl_linux_proc_maps_report(dwfl, maps) == 0;
	if (maps)
		fclose(maps);
	return done;
}

static Dwfl *read_map(struct mapped *mapped)
{
	Dwfl *dwfl = dwfl_begin(&callbacks);

	if (!dwfl)
		return NULL;
	if (report_files(dwfl, mapped->pid) && dwfl_report_end(dwfl, NULL, NULL) == 0) {
		mapped_files_read(&mapped->files, mapped->pid);
		mapped_files_set(&mapped->files, dwfl);
		return dwfl;
	}
	dwfl_end(dwfl);
	return NULL;
}

/* Tells lists of mapped code apart (FNV-1a); 0: there is none, as of a process that has ended.
 * Quicker than libdw's reading, which also forgets what it knows of the files. */
static uint64_t digest_map(pid_t pid)
{
	char path[32], line[512];
	uint64_t digest = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file)) {
		/* start-end rwxp offset device inode path */
		const char *rights = strchr(line, ' ');

		if (!rights || strlen(rights) < 5 || rights[3] != 'x' || !strchr(rights, '/'))
			continue;
		if (digest == 0)
			digest = UINT64_C(0xcbf29ce484222325);
		for (const char *at = line; *at; at++)
			digest = (digest ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
	}
	if (file)
		fclose(file);
	return digest;
}

/* NULL: there is no memory, or the process has ended. */
static struct mapped *read_new(pid_t pid, uint64_t digest)
{
	struct mapped *new = calloc(1, sizeof *new);

	if (!new)
		return NULL;
	*new = (struct mapped){
		.pid = pid, .files.root = -1, .files.map_files = -1, .digest = digest, .users = 1};
	new->dwfl = read_map(new);
	/* The list of a process that ends meanwhile is cut anywhere. */
	if (new->dwfl && digest_map(pid) != 0)
		return new;
	mapped_close(new);
	return NULL;
}

struct mapped *mapped_read(struct mapped *mapped, pid_t pid, pid_t stand_in)
{
	const pid_t whose[] = {pid, stand_in};
	struct mapped *fresh = NULL;

	for (size_t i = 0; !fresh && i < sizeof whose / sizeof whose[0]; i++) {
		uint64_t digest = whose[i] > 0 ? digest_map(whose[i]) : 0;

		if (mapped && mapped->digest == digest)
			return mapped;
		if (digest != 0)
			fresh = read_new(whose[i], digest);
	}
	if (!fresh)
		return mapped;
	mapped_close(mapped);
	return fresh;
}

struct mapped *mapped_share(struct mapped *mapped)
{
	if (mapped)
		mapped->users++;
	return mapped;
}

void mapped_close(struct mapped *mapped)
{
	if (!mapped || --mapped->users > 0)
		return;
	dwfl_end(mapped->dwfl);
	mapped_files_close(&mapped->files);
	free(mapped);
}

struct search {
	const char *path;
	Elf *elf;
};

static int look_for_path(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			 void *context)
{
	struct search *search = context;
	GElf_Addr bias;

	(void)data;
	(void)base;
	if (strcmp(name, search->path) != 0)
		return DWARF_CB_OK;
	search->elf = dwfl_module_getelf(module, &bias);
	return DWARF_CB_ABORT;
}

Elf *mapped_find_elf(const struct mapped *mapped, const char *path)
{
	struct search search = {.path = path};

	if (mapped)
		dwfl_getmodules(mapped->dwfl, look_for_path, &search, 0);
	return search.elf;
}
