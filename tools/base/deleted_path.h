/* SPDX-License-Identifier: MIT */
/*
 * The mark that the kernel puts behind the path of a file that has been deleted or replaced, as by
 * an upgrade, in /proc/PID/maps and in the links of /proc/PID (proc(5)).
 */
#ifndef FORKSAN_TOOLS_BASE_DELETED_PATH_H
#define FORKSAN_TOOLS_BASE_DELETED_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The length of `path` without the mark; the whole length where there is none.  A name may have the
 * same words within, so the end alone counts. */
static inline size_t deleted_path_len(const char *path)
{
	static const char mark[] = " (deleted)";
	const size_t mark_len = sizeof mark - 1;
	size_t len = strlen(path);

	if (len > mark_len && memcmp(path + len - mark_len, mark, mark_len) == 0)
		return len - mark_len;
	return len;
}

static inline bool deleted_path_is(const char *path)
{
	return path[deleted_path_len(path)] != '\0';
}

#endif
