/* SPDX-License-Identifier: MIT */
/* Relative names of source files: stack/source_file.h.  The directory is learnt once in a process,
 * so each test has one of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stack/source_file.h"

static char directory[] = "/tmp/forksan-test-XXXXXX";

static int enter_directory(void **state)
{
	int fd;

	(void)state;
	if (mkdtemp(directory) == NULL || chdir(directory) != 0)
		return -1;
	fd = open("app.rb", O_CREAT | O_WRONLY, 0600);
	return fd < 0 ? -1 : close(fd);
}

static int remove_directory(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/app.rb", directory);
	return unlink(path) | rmdir(directory);
}

/* True when `name` becomes `expected` with room for `size` bytes; twice, since the second answer is
 * remembered. */
static bool becomes(const char *name, const char *expected, size_t size)
{
	bool equal = true;

	for (int i = 0; i < 2; i++) {
		char file[256];
		size_t len = strlen(name);

		memcpy(file, name, len + 1);
		len = source_file_complete(file, len, size);
		equal = equal && len == strlen(expected) && memcmp(file, expected, len) == 0;
	}
	return equal;
}

static void in_child(bool (*check)(const char *app))
{
	char app[64];
	int status;
	pid_t pid;

	snprintf(app, sizeof(app), "%s/app.rb", directory);
	pid = fork();
	if (pid == 0)
		_exit(check(app) ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool complete_what_is_there(const char *app)
{
	return becomes("app.rb", app, 256) && becomes("./app.rb", app, 256) &&
	       becomes("other.rb", "other.rb", 256) && becomes("./other.rb", "./other.rb", 256);
}

static void a_file_that_is_there_gets_its_directory(void **state)
{
	(void)state;
	in_child(complete_what_is_there);
}

static bool leave_the_rest(const char *app)
{
	return becomes(app, app, 256) && becomes("<string>", "<string>", 256) &&
	       becomes("(eval 1)", "(eval 1)", 256) && becomes("-e", "-e", 256) &&
	       becomes("[internal]", "[internal]", 256) && becomes("", "", 256);
}

static void names_that_are_no_relative_paths_stay(void **state)
{
	(void)state;
	in_child(leave_the_rest);
}

static bool respect_the_room(const char *app)
{
	return becomes("app.rb", "app.rb", strlen(app)) && becomes("app.rb", app, strlen(app) + 1);
}

static void a_name_without_room_stays(void **state)
{
	(void)state;
	in_child(respect_the_room);
}

static bool know_after_leaving(const char *app)
{
	return becomes("app.rb", app, 256) && chdir("/") == 0 && becomes("app.rb", app, 256);
}

static void the_directory_is_that_of_the_first_name(void **state)
{
	(void)state;
	in_child(know_after_leaving);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_is_there_gets_its_directory),
		cmocka_unit_test(names_that_are_no_relative_paths_stay),
		cmocka_unit_test(a_name_without_room_stays),
		cmocka_unit_test(the_directory_is_that_of_the_first_name),
	};

	return cmocka_run_group_tests(tests, enter_directory, remove_directory);
}
