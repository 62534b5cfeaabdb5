/* SPDX-License-Identifier: MIT */
/*
 * Finds libc's functions.
 *
 * dlsym() allocates when a name is missing (for dlerror()), and an allocator that is preloaded too
 * may read its configuration then, through our wrappers, before we know libc's read(): jemalloc#443,
 * libfaketime#365.  So the pointers that an allocator needs start as system calls, and optional
 * names are asked for last.
 */
#include "entry/real.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "process/fdtable.h"
#include "base/sys.h"

static long with_errno(long result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

static ssize_t early_read(int fd, void *buffer, size_t len)
{
	return with_errno(sys_read(fd, buffer, len));
}

static ssize_t early_write(int fd, const void *buffer, size_t len)
{
	return with_errno(sys_write(fd, buffer, len));
}

static int early_close(int fd)
{
	return (int)with_errno(sys_close(fd));
}

/* jemalloc reads its configuration with syscall(SYS_read, ...). */
static long early_syscall(long number, ...)
{
	va_list list;
	long a[6];

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	return with_errno(sys_call(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

long (*real_syscall)(long number, ...) = early_syscall;
void *(*real_dlopen)(const char *file, int flags);

struct real real = {
	.read = early_read,
	.write = early_write,
	.close = early_close,
	.syscall = early_syscall,
};

enum presence { REQUIRED, OPTIONAL };

static const struct {
	const char *name;
	size_t offset; /* in struct real */
	enum presence presence;
} entries[] = {
#define ENTRY(name, family, policy, presence) {#name, offsetof(struct real, name), presence},
#define ALIAS(name, of, family)
#include "entries.def"
#undef ENTRY
#undef ALIAS
};

static void resolve(enum presence presence)
{
	for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
		void *found;

		if (entries[i].presence != presence)
			continue;
		found = dlsym(RTLD_NEXT, entries[i].name);
		/* One function pointer is as large as an object pointer on every POSIX system
		 * (dlsym(3p), RATIONALE). */
		if (found)
			memcpy((char *)&real + entries[i].offset, &found, sizeof found);
	}
}

void real_resolve(void)
{
	static _Atomic long resolver; /* thread id while running, DONE after */
	const long done = -1;
	long idle = 0;
	long self = sys_gettid();

	if (!compare_exchange_acq_rel(&resolver, &idle, self)) {
		/* Another thread is at it: wait, the pointer is needed.  The same thread: an allocator
		 * inside dlsym(), served by the early functions. */
		while (idle != self && load_acquire(&resolver) != done)
			sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		return;
	}
	resolve(REQUIRED);
	resolve(OPTIONAL);
	real_syscall = real.syscall;
	real_dlopen = real.dlopen;
	store_release(&fdtable_limit, FORKSAN_MAX_FDS);
	store_release(&resolver, done);
}
