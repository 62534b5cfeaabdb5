/* SPDX-License-Identifier: MIT */
/*
 * shim/registry/file.c: who begins a session takes away a registry of another version when nobody
 * needs it any more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/session.h"
#include "registry/registry.h"

#define NOBODY 0x3ffffff0 /* a pid that no process has */
#define PIDS_AT 8192
#define PIDS 600 /* more than are read at once */

static char path[SESSION_PATH_BYTES];

static struct registry_header next_version(void)
{
	return (struct registry_header){
		.magic = REGISTRY_MAGIC,
		.version = REGISTRY_VERSION + 1,
		.header_size_bytes = 64,
		.total_size_bytes = PIDS_AT + PIDS * sizeof(int32_t),
		.creator_pid = NOBODY,
		.pids_offset_bytes = PIDS_AT,
		.pids_count = PIDS,
		.ready = 1,
	};
}

/* Leaves a registry with that header, in which `pid` is the last one noted. */
static void leave(const struct registry_header *header, int32_t pid)
{
	int32_t pids[PIDS] = {NOBODY, 0, NOBODY};
	int fd;

	pids[PIDS - 1] = pid;
	session_put_directory(path, geteuid());
	mkdir(path, 0700);
	session_put_path(path, geteuid(), "00000000feedbeef");
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(pwrite(fd, header, 64, 0), 64);
	assert_int_equal(pwrite(fd, pids, sizeof pids, PIDS_AT), sizeof pids);
	close(fd);
}

/* Begins a session, in a process of its own. */
static bool is_taken_away(void)
{
	bool created, gone;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (registry_join("", REGISTRY_FIND_OR_BEGIN, getpid(), 0, &created) != 0)
			_exit(1);
		registry_unlink();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	gone = access(path, F_OK) != 0;
	unlink(path);
	return gone;
}

static void one_that_nobody_needs_goes(void **state)
{
	struct registry_header header = next_version();

	(void)state;
	leave(&header, NOBODY);
	assert_true(is_taken_away());
}

static void one_whose_process_lives_stays(void **state)
{
	struct registry_header header = next_version();

	(void)state;
	leave(&header, getpid());
	assert_false(is_taken_away());
	header.creator_pid = getpid();
	leave(&header, NOBODY);
	assert_false(is_taken_away());
}

static void one_of_which_nobody_can_tell_stays(void **state)
{
	struct registry_header header = next_version();

	(void)state;
	header.pids_elsewhere = 1;
	leave(&header, NOBODY);
	assert_false(is_taken_away());
	header.pids_elsewhere = 0;
	header.version = REGISTRY_FIRST_WITH_HEAD - 1;
	leave(&header, NOBODY);
	assert_false(is_taken_away());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_nobody_needs_goes),
		cmocka_unit_test(one_whose_process_lives_stays),
		cmocka_unit_test(one_of_which_nobody_can_tell_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
