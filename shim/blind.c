/* SPDX-License-Identifier: MIT */
/*
 * See blind.h.  A ring is a descriptor whose link in /proc/self/fd reads anon_inode:[io_uring]
 * (fs/anon_inodes.c and io_uring/io_uring.c of Linux 5.1 on).
 */
#include "blind.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "fdtable.h"
#include "forksan/atomics.h"
#include "registry.h"
#include "sys.h"

/* 1: counted already.  A fork child counts its own. */
static _Atomic uint32_t found;

void blind_found_ring(void)
{
	if (fdtable_high() > 0 && exchange_acq_rel(&found, 1) == 0)
		registry_count(LOST_IO_URING);
}

static bool is_ring(int directory, const char *name)
{
	static const char ring[] = "anon_inode:[io_uring]";
	char link[sizeof ring];
	long n = sys_call(SYS_readlinkat, directory, (long)(uintptr_t)name, (long)(uintptr_t)link,
			  sizeof link, 0, 0);

	return n == sizeof ring - 1 && memcmp(link, ring, sizeof ring - 1) == 0;
}

void blind_look_for_rings(void)
{
	char buffer[1024] __attribute__((aligned(8)));
	long directory;
	long n;

	if (fdtable_high() == 0 || load_relaxed(&found) != 0)
		return;
	directory = sys_open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (directory < 0)
		return;
	while ((n = sys_call(SYS_getdents64, directory, (long)(uintptr_t)buffer, sizeof buffer, 0,
			     0, 0)) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(buffer + at);

			at += entry->d_reclen;
			if (is_ring((int)directory, entry->d_name))
				blind_found_ring();
		}
	}
	sys_close((int)directory);
}
