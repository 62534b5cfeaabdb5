/* SPDX-License-Identifier: MIT */
/*
 * Calls after which something is forbidden.
 *
 * The log may be out of reach when a server that was started by root has given up its privileges or
 * changed its root directory.  Before each such call the log is kept open (report/report.h);
 * without log_path nothing happens.  The session is joined before, too, and all of its registry
 * mapped, as later it may be out of reach.  The calls themselves are libc's, which changes all
 * threads (nptl(7)).
 *
 * After prctl(PR_SET_SECCOMP) or seccomp(2) forksan makes no system call: any call may be fatal.
 */
#include <errno.h>
#include <stdarg.h>
#include <sys/prctl.h>

#include "entry/init.h"
#include "process/process.h"
#include "entry/real.h"
#include "report/report.h"

static void keep_log(void)
{
	int saved_errno = errno;

	init_join();
	if (process_enter_own()) {
		registry_map_rest();
		report_keep_log(process.pid);
	}
	errno = saved_errno;
}

FORKSAN_EXPORT int setuid(uid_t uid)
{
	keep_log();
	return REAL(setuid)(uid);
}

FORKSAN_EXPORT int setgid(gid_t gid)
{
	keep_log();
	return REAL(setgid)(gid);
}

FORKSAN_EXPORT int seteuid(uid_t uid)
{
	keep_log();
	return REAL(seteuid)(uid);
}

FORKSAN_EXPORT int setegid(gid_t gid)
{
	keep_log();
	return REAL(setegid)(gid);
}

FORKSAN_EXPORT int setreuid(uid_t real_uid, uid_t effective)
{
	keep_log();
	return REAL(setreuid)(real_uid, effective);
}

FORKSAN_EXPORT int setregid(gid_t real_gid, gid_t effective)
{
	keep_log();
	return REAL(setregid)(real_gid, effective);
}

FORKSAN_EXPORT int setresuid(uid_t real_uid, uid_t effective, uid_t saved)
{
	keep_log();
	return REAL(setresuid)(real_uid, effective, saved);
}

FORKSAN_EXPORT int setresgid(gid_t real_gid, gid_t effective, gid_t saved)
{
	keep_log();
	return REAL(setresgid)(real_gid, effective, saved);
}

FORKSAN_EXPORT int chroot(const char *path)
{
	keep_log();
	return REAL(chroot)(path);
}

/* Variadic in name only: the kernel takes four words more (prctl(2)). */
FORKSAN_EXPORT int prctl(int option, ...)
{
	va_list list;
	unsigned long a[4];
	int result;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(list, unsigned long);
	va_end(list);
	if (unlikely(option == PR_SET_SECCOMP))
		init_join();
	result = REAL(prctl)(option, a[0], a[1], a[2], a[3]);
	if (unlikely(option == PR_SET_SECCOMP && result == 0))
		process_enter_sandbox();
	return result;
}
