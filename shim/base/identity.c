/* SPDX-License-Identifier: MIT */
/* See identity.h. */
#include "base/identity.h"

#include <errno.h>

#include "base/sys.h"

struct identity identity_of(int fd)
{
	struct stat stat;

	return sys_fstat(fd, &stat) == 0 ? identity_in(&stat) : (struct identity){0};
}

void identity_close(int fd, struct identity identity)
{
	struct stat stat;
	long result = sys_fstat(fd, &stat);

	if (result == 0 ? identity_is_same(identity_in(&stat), identity)
			: identity.device == 0 && result != -EBADF)
		sys_close(fd);
}
