/* SPDX-License-Identifier: MIT */
/* See trial.h. */
#include "watcher/trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "watcher/hooks.h"
#include "watcher/loader.h"

static void ignore(const void *record, size_t len_bytes)
{
	(void)record;
	(void)len_bytes;
}

/* What a kernel does not have, it does not need. */
static void write_missing(const char *name, enum hook_set set)
{
	int error = hooks_error(set);

	if (error != 0 && error != ESRCH)
		printf("%s %s\n", name, strerror(error));
}

int trial_write(void)
{
	const char *why_not_strict;

	if (!loader_start(false, true, ignore)) {
		printf("refused %s\n", loader_why_not());
		return 0;
	}
	printf("uses %s\n", hooks_error(HOOK_TRACEPOINT) == 0 ? "tracepoints" : "functions");
	write_missing("sendpage", HOOK_SENDPAGE);
	write_missing("splice", HOOK_SPLICE);
	if (!loader_may_tell_old())
		puts("old");
	why_not_strict = loader_why_not_strict();
	printf("strict %s\n", why_not_strict ? why_not_strict : "");
	return 0;
}
