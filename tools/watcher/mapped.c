/* SPDX-License-Identifier: MIT */
/* See mapped.h. */
#include "watcher/mapped.h"

#include <stdlib.h>

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

struct mapped *mapped_read(struct mapped *mapped, pid_t pid)
{
	struct mapped *new = calloc(1, sizeof *new);

	if (!new)
		return mapped;
	*new = (struct mapped){pid, read_map(pid), 1};
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
