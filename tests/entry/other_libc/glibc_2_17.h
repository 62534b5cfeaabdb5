/* SPDX-License-Identifier: MIT */
/*
 * Names that entry tests use and headers of glibc 2.17 do not have, in terms of the kernel's own
 * headers, which are today's.  Included before everything else.
 */
#include <linux/memfd.h>
#include <sys/syscall.h>

#define SYS_clone3 __NR_clone3
#define SYS_io_uring_setup __NR_io_uring_setup
#define SYS_pidfd_getfd __NR_pidfd_getfd
#define SYS_pidfd_open __NR_pidfd_open
#define SYS_seccomp __NR_seccomp

#define F_OFD_GETLK 36 /* linux/fcntl.h, which cannot stand beside fcntl.h */
