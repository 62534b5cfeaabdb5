/* SPDX-License-Identifier: MIT */
/*
 * See descriptors.h.
 */
#include "track/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>

#include "base/sys.h"

/* The number that a name in /proc/self/fd stands for; -1 for "." and "..". */
static int number_of(const char *name)
{
	int number = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		number = number * 10 + (*name - '0');
	return *name == '\0' ? number : -1;
}

bool descriptors_visit(void (*visit)(int fd, void *context), void *context)
{
	char buffer[1024] __attribute__((aligned(8)));
	long directory = sys_open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	long n;

	if (directory < 0)
		return false;
	while ((n = sys_call(SYS_getdents64, directory, (long)(uintptr_t)buffer, sizeof buffer, 0,
			     0, 0)) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(buffer + at);
			int fd = number_of(entry->d_name);

			at += entry->d_reclen;
			if (fd >= 0)
				visit(fd, context);
		}
	}
	sys_close((int)directory);
	return n == 0;
}
