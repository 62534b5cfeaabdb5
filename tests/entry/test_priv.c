/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/priv.c: a worker that gives up root's privileges, or changes its root directory, still
 * writes to the log that only root can open.
 *
 * Each case calls one function that is interposed, then gives up the rest by system calls that are
 * not seen, so that no other line can have kept the log.
 */
#include <errno.h>
#include <unistd.h>

#include "harness.h"
#include "base/sys.h"

#define NOBODY 65534

static void give_up_the_rest(void)
{
	require(sys_call(SYS_setgroups, 0, 0, 0, 0, 0, 0) == 0);
	require(sys_call(SYS_setresgid, NOBODY, NOBODY, NOBODY, 0, 0, 0) == 0);
	require(sys_call(SYS_setresuid, NOBODY, NOBODY, NOBODY, 0, 0, 0) == 0);
}

static void by_setuid(int fd)
{
	require(setuid(NOBODY) == 0);
	require(setuid(0) == -1 && errno == EPERM);
	peer_ping(fd);
}

static void by_seteuid(int fd)
{
	require(seteuid(NOBODY) == 0);
	peer_ping(fd);
}

static void by_setreuid(int fd)
{
	require(setreuid(NOBODY, NOBODY) == 0);
	peer_ping(fd);
}

static void by_setresuid(int fd)
{
	require(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	peer_ping(fd);
}

static void by_setgid(int fd)
{
	require(setgid(NOBODY) == 0);
	give_up_the_rest();
	require(setgid(0) == -1 && errno == EPERM);
	peer_ping(fd);
}

static void by_setegid(int fd)
{
	require(setegid(NOBODY) == 0);
	give_up_the_rest();
	peer_ping(fd);
}

static void by_setregid(int fd)
{
	require(setregid(NOBODY, NOBODY) == 0);
	give_up_the_rest();
	peer_ping(fd);
}

static void by_setresgid(int fd)
{
	require(setresgid(NOBODY, NOBODY, NOBODY) == 0);
	give_up_the_rest();
	peer_ping(fd);
}

static void by_chroot(int fd)
{
	require(chroot("/nonexistent") == -1 && errno == ENOENT);
	require(chroot("/usr/share") == 0);
	require(chdir("/") == 0);
	peer_ping(fd);
}

static void as_root(void (*by)(int fd))
{
	if (geteuid() != 0)
		skip("only root has privileges to give up");
	siblings_use(by);
}

#define SUBJECT(line)                                                                              \
	static void run_##line(void)                                                               \
	{                                                                                          \
		as_root(by_##line);                                                                \
	}
SUBJECT(setuid)
SUBJECT(setgid)
SUBJECT(seteuid)
SUBJECT(setegid)
SUBJECT(setreuid)
SUBJECT(setregid)
SUBJECT(setresuid)
SUBJECT(setresgid)
SUBJECT(chroot)

#define CASE(line)                                                                                 \
	{                                                                                          \
		.entry = #line, .name = "the log is still written", .run = run_##line,             \
		.check = expect_shared_use, .operation = "send"                                    \
	}

static const struct entry_case cases[] = {
	CASE(setuid),	CASE(setgid),	 CASE(seteuid),	  CASE(setegid), CASE(setreuid),
	CASE(setregid), CASE(setresuid), CASE(setresgid), CASE(chroot),
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
