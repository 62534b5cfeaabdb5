/* SPDX-License-Identifier: MIT */
/*
 * The system calls of forksan's own.  A call goes to the kernel directly: no interposed function is
 * passed, no cancellation point is made, and errno is left alone.  Each returns the kernel's value:
 * >= 0, or -errno.  All are async-signal-safe.
 */
#ifndef FORKSAN_SHIM_SYS_H
#define FORKSAN_SHIM_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#if defined(__x86_64__)
static inline long sys_call(long number, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long sys_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "forksan knows the system call convention of x86_64 and aarch64 only"

#endif

/* Each is the system call of its name. */
long sys_open(const char *path, int flags, mode_t mode);
long sys_close(int fd);

/* Moves a descriptor above the standard ones, whose numbers are free in a host that closed them:
 * what another thread prints must not get into a registry or a log.  Returns the new descriptor;
 * -errno, also of a call that gave no `fd`. */
long sys_move_up(long fd);
long sys_read(int fd, void *buffer, size_t len_bytes);
long sys_write(int fd, const void *buffer, size_t len_bytes);
long sys_getpid(void);
long sys_getppid(void);
long sys_gettid(void);

/* The users of this process, by getresuid(2). */
struct sys_users {
	uint32_t real, effective, saved;
};
struct sys_users sys_users(void);
long sys_kill(pid_t pid, int signal);
/* fstat(2) and newfstatat(2) rather than statx(2), which Linux 3.10 and older seccomp profiles do
 * not know.  The kernel's struct stat is libc's on both machines. */
long sys_fstat(int fd, struct stat *out);
long sys_fstatat(int directory, const char *name, struct stat *out, int flags);
long sys_getsockopt(int fd, int level, int name, void *value, uint32_t *len_bytes);
long sys_getsockname(int fd, void *address, uint32_t *len_bytes);
long sys_mmap(void *address, size_t len_bytes, int prot, int flags, int fd, long offset);
long sys_munmap(void *address, size_t len_bytes);
long sys_madvise(void *address, size_t len_bytes, int advice);
long sys_ftruncate(int fd, off_t len_bytes);
long sys_unlink(const char *path);
long sys_readlink(const char *path, char *buffer, size_t len_bytes);
long sys_getrandom(void *buffer, size_t len_bytes);
/* Waits until another thread of this process has set the word to 0: gives the processor up again
 * and again, for a second at most.  False: the word is not 0 yet. */
bool sys_wait_for_zero(const _Atomic uint32_t *word);
long sys_block_signals(uint64_t *old_mask);
long sys_restore_signals(uint64_t old_mask);
/* Copies from memory of this process that may not be there: the bytes copied, or -errno, which is
 * -EPERM or -ENOSYS where process_vm_readv(2) is denied.  peek_own() serves there, too. */
long sys_read_own(const void *address, void *out, size_t len_bytes);
uint64_t sys_clock_ns(int clock); /* through the vdso; 0 on failure */

/* True when what sys_mmap() or sys_call() of mremap(2) returned is an error and no address: the
 * kernel's errors are -1 to -4095. */
static inline bool sys_is_error(long result)
{
	return result < 0 && result > -4096;
}

#endif
