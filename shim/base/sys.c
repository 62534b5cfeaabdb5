/* SPDX-License-Identifier: MIT */
/*
 * Thin names for the system calls of forksan's own.  See sys.h.
 */
#include "base/sys.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/kernel.h"
#include "forksan/atomics.h"

#define PTR(p) ((long)(uintptr_t)(p))

/* The kernel's sigset is 64 bits on every 64-bit machine (rt_sigprocmask(2), "C library/kernel
 * differences"). */
#define KERNEL_SIGSET_BYTES 8

long sys_open(const char *path, int flags, mode_t mode)
{
	return sys_call(SYS_openat, AT_FDCWD, PTR(path), flags, mode, 0, 0);
}

long sys_close(int fd)
{
	return sys_call(SYS_close, fd, 0, 0, 0, 0, 0);
}

long sys_move_up(long fd)
{
	long higher;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	higher = sys_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1, 0, 0, 0);
	sys_close((int)fd);
	return higher;
}

long sys_read(int fd, void *buffer, size_t len_bytes)
{
	return sys_call(SYS_read, fd, PTR(buffer), (long)len_bytes, 0, 0, 0);
}

long sys_write(int fd, const void *buffer, size_t len_bytes)
{
	return sys_call(SYS_write, fd, PTR(buffer), (long)len_bytes, 0, 0, 0);
}

FORKSAN_IN_EACH_CHILD long sys_getpid(void)
{
	return sys_call(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

FORKSAN_IN_EACH_CHILD long sys_getppid(void)
{
	return sys_call(SYS_getppid, 0, 0, 0, 0, 0, 0);
}

long sys_gettid(void)
{
	return sys_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
}

struct sys_users sys_users(void)
{
	struct sys_users users = {0};

	sys_call(SYS_getresuid, PTR(&users.real), PTR(&users.effective), PTR(&users.saved), 0, 0,
		 0);
	return users;
}

long sys_kill(pid_t pid, int signal)
{
	return sys_call(SYS_kill, pid, signal, 0, 0, 0, 0);
}

long sys_fstat(int fd, struct stat *out)
{
	return sys_call(SYS_fstat, fd, PTR(out), 0, 0, 0, 0);
}

long sys_fstatat(int directory, const char *name, struct stat *out, int flags)
{
	return sys_call(SYS_newfstatat, directory, PTR(name), PTR(out), flags, 0, 0);
}

long sys_getsockopt(int fd, int level, int name, void *value, uint32_t *len_bytes)
{
	return sys_call(SYS_getsockopt, fd, level, name, PTR(value), PTR(len_bytes), 0);
}

long sys_getsockname(int fd, void *address, uint32_t *len_bytes)
{
	return sys_call(SYS_getsockname, fd, PTR(address), PTR(len_bytes), 0, 0, 0);
}

long sys_mmap(void *address, size_t len_bytes, int prot, int flags, int fd, long offset)
{
	return sys_call(SYS_mmap, PTR(address), (long)len_bytes, prot, flags, fd, offset);
}

long sys_munmap(void *address, size_t len_bytes)
{
	return sys_call(SYS_munmap, PTR(address), (long)len_bytes, 0, 0, 0, 0);
}

long sys_madvise(void *address, size_t len_bytes, int advice)
{
	return sys_call(SYS_madvise, PTR(address), (long)len_bytes, advice, 0, 0, 0);
}

long sys_ftruncate(int fd, off_t len_bytes)
{
	return sys_call(SYS_ftruncate, fd, len_bytes, 0, 0, 0, 0);
}

long sys_unlink(const char *path)
{
	return sys_call(SYS_unlinkat, AT_FDCWD, PTR(path), 0, 0, 0, 0);
}

long sys_readlink(const char *path, char *buffer, size_t len_bytes)
{
	return sys_call(SYS_readlinkat, AT_FDCWD, PTR(path), PTR(buffer), (long)len_bytes, 0, 0);
}

long sys_getrandom(void *buffer, size_t len_bytes)
{
	return sys_call(SYS_getrandom, PTR(buffer), (long)len_bytes, 0, 0, 0, 0);
}

bool sys_wait_for_zero(const _Atomic uint32_t *word)
{
	const uint64_t limit_ns = 1000000000;
	const int yields_between_looks = 64;
	uint64_t began = sys_clock_ns(CLOCK_MONOTONIC);
	const struct timespec pause = {0, 50000};

	while (load_acquire(word) != 0) {
		for (int i = 0; i < yields_between_looks && load_acquire(word) != 0; i++)
			sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		if (sys_clock_ns(CLOCK_MONOTONIC) - began > limit_ns)
			return load_acquire(word) == 0;
		sys_call(SYS_nanosleep, PTR(&pause), 0, 0, 0, 0, 0);
	}
	return true;
}

long sys_block_signals(uint64_t *old_mask)
{
	uint64_t all = UINT64_MAX;

	return sys_call(SYS_rt_sigprocmask, 2 /* SIG_SETMASK in the kernel */, PTR(&all),
			PTR(old_mask), KERNEL_SIGSET_BYTES, 0, 0);
}

long sys_restore_signals(uint64_t old_mask)
{
	return sys_call(SYS_rt_sigprocmask, 2, PTR(&old_mask), 0, KERNEL_SIGSET_BYTES, 0, 0);
}

long sys_read_own(const void *address, void *out, size_t len_bytes)
{
	struct iovec from = {(void *)(uintptr_t)address, len_bytes};
	struct iovec to = {out, len_bytes};

	return sys_call(SYS_process_vm_readv, sys_getpid(), PTR(&to), 1, PTR(&from), 1, 0);
}
