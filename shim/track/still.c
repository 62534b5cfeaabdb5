/* SPDX-License-Identifier: MIT */
/*
 * Whether a descriptor still is the connection that it was, and what waits in it: asks the kernel.
 * `forksan attach`, whose descriptors are not those of the processes that it judges, has answers of
 * its own (tools/watcher/self.c).
 */
#include "track/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/kernel.h"
#include "base/sys.h"
#include "process/fdtable.h"
#include "process/process.h"

/* Marks an inode that stands for a cookie: the kernel counts cookies from 1 on. */
#define INODE_MARK (UINT64_C(1) << 63)

/* The inode of a socket, for kernels without SO_COOKIE (gVisor).  0, or -errno. */
static noinline long read_inode(int fd, uint64_t *cookie)
{
	struct stat stat;
	long result = sys_fstat(fd, &stat);

	if (result == 0)
		*cookie = stat.st_ino | INODE_MARK;
	return result == 0 && !S_ISSOCK(stat.st_mode) ? -ENOTSOCK : result;
}

/* 0, or -errno. */
static long read_cookie(int fd, uint64_t *cookie)
{
	uint32_t len = sizeof *cookie;
	long result = sys_getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &len);

	/* qemu-user answers EINVAL: it passes every option that it does not know on as an int. */
	if (unlikely(result == -ENOPROTOOPT || result == -EINVAL))
		return read_inode(fd, cookie);
	return result;
}

bool track_read_cookie(int fd, uint64_t *cookie)
{
	return read_cookie(fd, cookie) == 0;
}

/* A descriptor number may have been closed unseen (libc closes without its own close()) and reused.
 * Only the kernel knows; asked before every exchange and every report.  Where a sandbox that came
 * unseen forbids the question, no descriptor can be identified any more. */
bool track_is_still(int fd, struct socket_slot slot)
{
	uint64_t cookie;
	long result;

	if (registry_socket_is(slot, fdtable_generation(slot))) {
		result = read_cookie(fd, &cookie);
		if (result == 0 && cookie == registry_mapping->sockets[slot.n].cookie)
			return true;
		if (result != 0 && result != -EBADF && result != -ENOTSOCK) {
			if (!process_is_vfork_child())
				process_enter_sandbox();
			return false;
		}
	}
	/* A vfork child has descriptors of its own in its parent's table: what it put in the place
	 * of one, the parent has not lost. */
	if (!process_is_vfork_child()) {
		fdtable_clear(fd);
		registry_count(LOST_STALE_FDS);
	}
	return false;
}

/* The state is the first byte of struct tcp_info.  A unix socket has no such state: shutdown() of
 * it succeeds at any time. */
bool track_is_over(int fd)
{
	uint8_t state;
	uint32_t len = sizeof state;

	return sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &len) == 0 &&
	       (state == TCP_CLOSE || state == TCP_CLOSE_WAIT);
}

bool track_is_drained(int fd)
{
	int waiting = 0;

	return sys_call(SYS_ioctl, fd, FIONREAD, (long)(uintptr_t)&waiting, 0, 0, 0) == 0 &&
	       waiting == 0;
}
