/* SPDX-License-Identifier: MIT */
/*
 * See write_parts.h.
 */
#include "report/write_parts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include "forksan/atomics.h"

#define KERNEL_SIGSET_BYTES 8

void guard_begin(struct signal_guard *guard)
{
	guard->pending = 0;
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

/* Time for which a record waits for the reader of a full pipe.  Signals are blocked meanwhile. */
#define WAIT_MS 100

/* 1: a reader did not come in time; no record waits again until there is room. */
static _Atomic uint32_t reader_is_late;

bool wait_for_room(int fd)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	struct timespec wait = {.tv_nsec = load_relaxed(&reader_is_late) ? 0 : WAIT_MS * 1000000L};
	long ready =
		sys_call(SYS_ppoll, (long)(uintptr_t)&room, 1, (long)(uintptr_t)&wait, 0, 0, 0);

	store_relaxed(&reader_is_late, ready == 0);
	return ready != 0;
}

/* FNV-1a over device and inode. */
uint64_t stat_identity(const struct stat *stat)
{
	const uint64_t words[] = {(uint64_t)stat->st_dev, (uint64_t)stat->st_ino};
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < 2; i++)
		for (unsigned shift = 0; shift < 64; shift += 8)
			hash = (hash ^ (words[i] >> shift & 0xff)) * UINT64_C(0x100000001b3);
	return hash != 0 ? hash : 1;
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
