/* SPDX-License-Identifier: MIT */
/*
 * See descriptors.h.
 */
#include "track/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sys.h"
#include "forksan/limits.h"

/* The number that a name in /proc/self/fd stands for; -1 for "." and "..". */
static int number_of(const char *name)
{
	int number = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		number = number * 10 + (*name - '0');
	return *name == '\0' ? number : -1;
}

/* The longest entry: a name of 255 bytes (getdents(2)). */
#define LONGEST_ENTRY (offsetof(struct dirent64, d_name) + 256 + 8)

enum walk { WALK_ENDED, WALK_STOPPED, WALK_FAILED };

/* The kernel fills the buffer: an answer that leaves room for another entry is the last one. */
static enum walk visit_by_name(bool (*visit)(int fd, void *context), void *context)
{
	char buffer[1024] __attribute__((aligned(8)));
	long directory = sys_open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	enum walk walk = WALK_ENDED;
	long n = sizeof buffer;

	if (directory < 0)
		return WALK_FAILED;
	while (walk == WALK_ENDED && n > (long)(sizeof buffer - LONGEST_ENTRY)) {
		n = sys_call(SYS_getdents64, directory, (long)(uintptr_t)buffer, sizeof buffer, 0,
			     0, 0);
		if (n < 0)
			walk = WALK_FAILED;
		for (long at = 0; at < n && walk == WALK_ENDED;) {
			const struct dirent64 *entry = (const void *)(buffer + at);
			int fd = number_of(entry->d_name);

			at += entry->d_reclen;
			if (fd >= 0 && fd != directory && !visit(fd, context))
				walk = WALK_STOPPED;
		}
	}
	sys_close((int)directory);
	return walk;
}

/* The kernel gives out the lowest free number, so that numbers are dense. */
static void visit_by_number(bool (*visit)(int fd, void *context), void *context)
{
	const int misses_allowed = 64;
	int misses = 0;

	for (int fd = 0; fd < FORKSAN_MAX_FDS && misses < misses_allowed; fd++) {
		bool is_open = sys_call(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0) >= 0;

		misses = is_open ? 0 : misses + 1;
		if (is_open && !visit(fd, context))
			return;
	}
}

void descriptors_visit(bool (*visit)(int fd, void *context), void *context)
{
	if (visit_by_name(visit, context) == WALK_FAILED)
		visit_by_number(visit, context);
}
