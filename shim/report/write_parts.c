/* SPDX-License-Identifier: MIT */
/*
 * See write_parts.h.
 */
#include "report/write_parts.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#define KERNEL_SIGSET_BYTES 8

void guard_begin(struct signal_guard *guard)
{
	guard->mask = 0;
	guard->pending = 0;
	sys_block_signals(&guard->mask);
	sys_call(SYS_rt_sigpending, (long)(uintptr_t)&guard->pending, KERNEL_SIGSET_BYTES, 0, 0, 0,
		 0);
}

/* Takes the signal off this thread, unless the signal was pending before the write. */
static void discard(const struct signal_guard *guard, int signal)
{
	uint64_t set = UINT64_C(1) << (signal - 1);
	struct timespec now = {0};

	if ((guard->pending & set) == 0)
		sys_call(SYS_rt_sigtimedwait, (long)(uintptr_t)&set, 0, (long)(uintptr_t)&now,
			 KERNEL_SIGSET_BYTES, 0, 0);
}

void guard_take(const struct signal_guard *guard, long result)
{
	if (result == -EPIPE)
		discard(guard, SIGPIPE);
	else if (result == -EFBIG)
		discard(guard, SIGXFSZ);
}

void guard_end(const struct signal_guard *guard)
{
	sys_restore_signals(guard->mask);
}

/* A second write() happens only after a short one. */
int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		long written = sys_write(fd, bytes, len);

		if (written < 0)
			return (int)written;
		if (written == 0)
			return -EIO;
		bytes += written;
		len -= (size_t)written;
	}
	return 0;
}
