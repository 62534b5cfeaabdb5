/* SPDX-License-Identifier: MIT */
/* See mapped.h. */
#include "watcher/mapped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_linux_proc_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

static Dwfl *read_map(pid_t pid)
{
	Dwfl *dwfl = dwfl_begin(&callbacks);

	if (!dwfl)
		return NULL;
	if (dwfl_linux_proc_report(dwfl, pid) == 0 && dwfl_report_end(dwfl, NULL, NULL) == 0)
		return dwfl;
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

struct mapped *mapped_read(struct mapped *mapped, pid_t pid, pid_t stand_in)
{
	uint64_t digest = digest_map(pid);
	struct mapped *new;

	if (digest == 0 && stand_in > 0) {
		pid = stand_in;
		digest = digest_map(pid);
	}
	if (digest == 0 || (mapped && mapped->digest == digest))
		return mapped;
	new = calloc(1, sizeof *new);
	if (!new)
		return mapped;
	*new = (struct mapped){pid, read_map(pid), digest, 1};
	if (!new->dwfl) {
		free(new);
		return mapped;
	}
	mapped_close(mapped);
	return new;
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
	free(mapped);
}
