/* SPDX-License-Identifier: MIT */
/*
 * The mapping of the shared registry, and its pages.  file.c makes the mapping; process.c,
 * socket.c, holds.c and history.c own the tables in it.
 */
#include "registry/parts.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "base/sys.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14, madvise(2) */
#endif

struct registry *registry_mapping;
uint64_t registry_pid_namespace;

/* Kernels before 5.14 know no MADV_POPULATE_WRITE.  There a write by the kernel on our behalf tells
 * the same: process_vm_writev(2) answers EFAULT where a store would raise SIGBUS. */
static int populate_by_copy(uintptr_t start, uintptr_t end, size_t page_bytes)
{
	for (uintptr_t page = start; page < end; page += page_bytes) {
		uint8_t byte;
		struct iovec here = {(void *)page, 1};
		struct iovec local = {&byte, 1};
		long self = sys_getpid();
		long result = sys_call(SYS_process_vm_readv, self, (long)(uintptr_t)&local, 1,
				       (long)(uintptr_t)&here, 1, 0);

		if (result == 1)
			result = sys_call(SYS_process_vm_writev, self, (long)(uintptr_t)&local, 1,
					  (long)(uintptr_t)&here, 1, 0);
		if (result != 1)
			return result < 0 ? (int)result : -EFAULT;
	}
	return 0;
}

int registry_populate(const void *start, size_t len_bytes)
{
	const uintptr_t page_bytes = 4096;
	uintptr_t first = (uintptr_t)start & ~(page_bytes - 1);
	uintptr_t end = ((uintptr_t)start + len_bytes + page_bytes - 1) & ~(page_bytes - 1);
	long result;

	if (!registry_has_room(end - first))
		return -ENOSPC;
	result = sys_madvise((void *)first, end - first, MADV_POPULATE_WRITE);

	if (result == -EINVAL)
		return populate_by_copy(first, end, page_bytes);
	return (int)result;
}
