/* SPDX-License-Identifier: MIT */
/*
 * shim/track/descriptors.c: every open descriptor is visited, also behind a gap, above the limit on
 * open files, and without /proc.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "track/descriptors.h"

/* The last is far above the limit that is set below. */
static const int open_numbers[] = {0, 2, 5, 69, 70, 300, 900};
#define COUNT ((int)(sizeof open_numbers / sizeof open_numbers[0]))

struct seen {
	int numbers[16];
	int count;
	int wanted; /* the visit that returns false */
};

static bool note(int fd, void *context)
{
	struct seen *seen = context;

	if (seen->count < 16)
		seen->numbers[seen->count] = fd;
	return ++seen->count < seen->wanted;
}

static bool is_open_number(int fd)
{
	for (int i = 0; i < COUNT; i++)
		if (open_numbers[i] == fd)
			return true;
	return false;
}

static void open_these_alone(void)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 1000; fd++) {
		if (is_open_number(fd))
			dup2(null, fd);
		else if (fd != null)
			close(fd);
	}
	if (!is_open_number(null))
		close(null);
}

static void forbid(unsigned call)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof code[0], code};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* In a child: nothing stays open where no descriptor can be checked. */
static int look_without_fstat(void)
{
	struct seen all = {.wanted = 100};
	int before = dup(0);

	close(before);
	forbid(SYS_fstat);
	descriptors_visit(note, &all);
	return all.count > 0 && dup(0) == before ? 0 : 1;
}

/* In a child; its status: 0, or what is wrong. */
static int look(bool with_proc, rlim_t limit)
{
	struct rlimit few = {limit, limit};
	struct seen all = {.wanted = 100};
	struct seen some = {.wanted = 2};

	open_these_alone();
	if (!with_proc && (chdir("/sys") != 0 || chroot("/sys") != 0))
		return 77;
	if (setrlimit(RLIMIT_NOFILE, &few) != 0)
		return 1;
	descriptors_visit(note, &all);
	if (all.count != COUNT)
		return 2;
	for (int i = 0; i < COUNT; i++)
		if (all.numbers[i] != open_numbers[i])
			return 3;
	descriptors_visit(note, &some);
	return some.count == 2 ? 0 : 4;
}

/* Another thread of the host, say, closes the directory and opens a file: by the lowest number. */
static bool take_lowest(int fd, void *context)
{
	(void)context;
	return dup2(fd, 1) == 1;
}

static void the_number_of_another_file_stays_open(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		open_these_alone();
		descriptors_visit(take_lowest, NULL);
		_exit(fcntl(1, F_GETFD) >= 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void nothing_stays_open_in_a_sandbox(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(look_without_fstat());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void check(bool with_proc, rlim_t limit)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(look(with_proc, limit));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void all_are_visited(void **state)
{
	(void)state;
	check(true, 1000);
	check(true, 20);
}

static void all_are_visited_without_proc(void **state)
{
	(void)state;
	check(false, 1000);
	check(false, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_visited),
		cmocka_unit_test(all_are_visited_without_proc),
		cmocka_unit_test(the_number_of_another_file_stays_open),
		cmocka_unit_test(nothing_stays_open_in_a_sandbox),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
