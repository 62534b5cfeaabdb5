/* SPDX-License-Identifier: MIT */
/*
 * Writes text to standard error, and to no other file that took the number.  See write.h.
 */
#include "report/write.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "process/fdtable.h"
#include "report/write_parts.h"

FORKSAN_AT_START static struct stat start_stdin; /* st_mode 0: not known */
FORKSAN_AT_START static struct stat start_stderr;
static struct stat start_stdout; /* where the log goes there */

void report_write_remember_stderr(void)
{
	stat_fd(STDERR_FILENO, &start_stderr);
	if (S_ISSOCK(start_stderr.st_mode))
		stat_fd(STDIN_FILENO, &start_stdin);
}

void report_write_remember_stdout(void)
{
	stat_fd(STDOUT_FILENO, &start_stdout);
	if (S_ISSOCK(start_stdout.st_mode))
		stat_fd(STDIN_FILENO, &start_stdin);
}

const struct stat *stderr_at_start(void)
{
	return &start_stderr;
}

/* True for a socket that was standard output or error at the program's start, as systemd's journal
 * and node give one.  False for a socket that was standard input, too: there a client of inetd
 * waits for answers.  False for a watched connection. */
static bool is_socket_for_messages(int fd, const struct stat *stat, const struct stat *start)
{
	return stat_is_same(stat, start) && !stat_is_same(stat, &start_stdin) &&
	       fdtable_lookup(fd).n == 0;
}

bool standard_is_place(int fd, struct stat *stat)
{
	const struct stat *start = fd == STDOUT_FILENO ? &start_stdout : &start_stderr;

	stat_fd(fd, stat);
	if (S_ISSOCK(stat->st_mode))
		return is_socket_for_messages(fd, stat, start);
	return stat_is_same(stat, start) &&
	       (S_ISCHR(stat->st_mode) || S_ISFIFO(stat->st_mode) || S_ISREG(stat->st_mode));
}

/*
 * True for a terminal, a pipe, standard error of the start, or a file that is only appended to, as
 * daemons open their logs.  Any other file may be the host's data: the host closed descriptor 2,
 * and the next open() took the number.
 */
static bool is_place_for_messages(void)
{
	struct stat stat;

	stat_fd(STDERR_FILENO, &stat);
	if (S_ISCHR(stat.st_mode) || S_ISFIFO(stat.st_mode))
		return true;
	if (S_ISSOCK(stat.st_mode))
		return is_socket_for_messages(STDERR_FILENO, &stat, &start_stderr);
	if (!S_ISREG(stat.st_mode))
		return false;
	return stat_is_same(&stat, &start_stderr) ||
	       (sys_call(SYS_fcntl, STDERR_FILENO, F_GETFL, 0, 0, 0, 0) & O_APPEND) != 0;
}

int report_write_stderr(const char *block, size_t len)
{
	struct signal_guard guard;
	uint64_t signals;
	int result = -EPERM;

	sys_block_signals(&signals);
	guard_begin(&guard);
	if (is_place_for_messages())
		result = write_all(STDERR_FILENO, block, len);
	guard_take(&guard, result);
	sys_restore_signals(signals);
	return result;
}
