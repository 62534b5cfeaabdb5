/* SPDX-License-Identifier: MIT */
/*
 * See peek.h.  A file of its own: `forksan attach`, which reads other processes by peek_copy(), has
 * another peek.c.
 */
#include "stack/peek.h"

#include <errno.h>

#include "base/sys.h"

bool peek_own(const void *address, void *out, size_t len_bytes)
{
	long got = sys_read_own(address, out, len_bytes);
	struct peek peek;

	/* EPERM: a container's seccomp filter; ENOSYS: qemu-user, and some kernels. */
	if (got != -EPERM && got != -ENOSYS)
		return got == (long)len_bytes;
	peek_init(&peek);
	return peek_copy(&peek, (uintptr_t)address, out, len_bytes);
}
