/* SPDX-License-Identifier: MIT */
/*
 * Calls after which the log may be out of reach: a server started by root gives up its privileges, or
 * changes its root directory.  Before each the log is kept open (report_write.h); without log_path
 * nothing happens.  The calls themselves are libc's, which changes all threads (nptl(7)).
 */
#include <errno.h>

#include "init.h"
#include "process.h"
#include "real.h"
#include "report_write.h"

static void keep_log(void)
{
	int saved_errno = errno;

	init_ensure();
	if (process_enter() && !process_is_vfork_child())
		report_write_keep(process.pid);
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
