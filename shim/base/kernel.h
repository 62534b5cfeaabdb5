/* SPDX-License-Identifier: MIT */
/*
 * Names of the kernel's interface that headers of Linux 3.10 and glibc 2.17, the oldest that
 * forksan is built with, do not have.  Each value stands in the kernel's own header, and never
 * changes.  A kernel that does not know a call answers ENOSYS, and its caller does without.
 */
#ifndef FORKSAN_SHIM_KERNEL_H
#define FORKSAN_SHIM_KERNEL_H

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/seccomp.h>

/* include/uapi/asm-generic/unistd.h; arch/x86/entry/syscalls/syscall_64.tbl.  From 424 on all
 * machines have the same numbers. */
#ifndef SYS_seccomp
#if defined(__x86_64__)
#define SYS_seccomp 317
#else
#define SYS_seccomp 277
#endif
#endif
#ifndef SYS_getrandom
#if defined(__x86_64__)
#define SYS_getrandom 318
#else
#define SYS_getrandom 278
#endif
#endif
#ifndef SYS_memfd_create
#if defined(__x86_64__)
#define SYS_memfd_create 319
#else
#define SYS_memfd_create 279
#endif
#endif
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* include/uapi/linux/memfd.h */
#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 0x0001U
#endif

/* include/uapi/linux/seccomp.h */
#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3) /* Linux 5.0 */
#endif

/* include/uapi/asm-generic/mman-common.h */
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18 /* Linux 4.14 */
#endif

/* include/linux/socket.h */
#ifndef MSG_FASTOPEN
#define MSG_FASTOPEN 0x20000000
#endif

/* include/uapi/asm-generic/socket.h */
#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

#endif
