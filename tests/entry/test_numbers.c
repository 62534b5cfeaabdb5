/* SPDX-License-Identifier: MIT */
/*
 * Descriptor numbers that close and come back: rows 5 to 9 of the pitfalls.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

/* --- row 5: closed inside libc, reused by something else ----------------------------------------
 */

static void use_file(int fd)
{
	require(write(fd, REQUEST, REQUEST_BYTES) == REQUEST_BYTES);
}

static void run_reused_by_file(void)
{
	int fd = peer_connect();
	FILE *stream = fdopen(fd, "r+");

	require(fclose(stream) == 0);
	require(open("/dev/null", O_RDWR) == fd);
	run_child(use_file, fd);
	use_file(fd);
	run_child(use_file, fd);
}

/* And when nothing of the close was seen: another socket has the number. */
static void run_reused_by_socket(void)
{
	int fd = peer_connect();
	int ends[2];

	require(raw_close(fd) == 0);
	require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	require(ends[0] == fd);
	run_child(use_file, fd);
	use_file(fd);
	run_child(use_file, fd);
}

/* --- row 6: everything is closed, the log is still written
 * ---------------------------------------- */

static void close_the_rest_and_ping(int fd)
{
	require(dup2(fd, STDIN_FILENO) == STDIN_FILENO);
	closefrom(3);
	peer_ping(STDIN_FILENO);
}

static void run_close_the_rest(void)
{
	siblings_use(close_the_rest_and_ping);
}

/* --- row 7: a loop over all numbers
 * ---------------------------------------------------------------- */

static void run_close_loop(void)
{
	int fd = peer_connect();

	run_child(peer_ping, fd);
	for (int number = 3; number < 2000; number++) {
		errno = 0;
		if (close(number) == 0)
			printf("%d closed\n", number);
		else if (errno != EBADF)
			printf("%d: errno %d\n", number, errno);
	}
	require(close(1 << 20) == -1 && errno == EBADF);
	require(close(-1) == -1 && errno == EBADF);
	/* Until there is nothing left, as some programs do: no endless loop. */
	while (close(dup(STDOUT_FILENO)) == 0 && close(3) == 0)
		continue;
	printf("%d\n", dup(STDOUT_FILENO));
}

/* --- row 8: connections take the standard numbers
 * -------------------------------------------------- */

/* The harness has the peer tell whether a stray byte came. */
static void run_standard_numbers(void)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		require(peer_connect() == fd);
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		run_child(peer_ping, fd);
		peer_ping(fd);
	}
}

static void expect_three(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 3);
}

/* The host closed number 2 and its next file, a database say, took it.  An interpreter whose frames
 * cannot be read is named at the end of the process, and this is no place for it. */
static void end_with_a_complaint(int fd)
{
	char copy[PATH_MAX];

	(void)fd;
	close(STDERR_FILENO);
	require(open("data.bin", O_RDWR | O_CREAT | O_TRUNC, 0600) == STDERR_FILENO);
	snprintf(copy, sizeof(copy), "cp '%s' libpython10.10.so", plugin_path("python"));
	require(system(copy) == 0);
	require(dlopen("./libpython10.10.so", RTLD_NOW) != NULL);
	peer_ping(peer_connect());
	exit(0);
}

static void run_data_file(void)
{
	const char *directory = getenv("TMPDIR");
	struct stat data;

	require(chdir(directory != NULL ? directory : "/tmp") == 0);
	run_child(end_with_a_complaint, -1);
	require(stat("data.bin", &data) == 0);
	printf("%lld bytes\n", (long long)data.st_size);
	unlink("data.bin");
	unlink("libpython10.10.so");
}

/* --- row 9: nothing of ours comes through exec
 * ------------------------------------------------------ */

static void list_descriptors(void)
{
	for (int fd = 0; fd < 1000; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			printf("%d open\n", fd);
}

static void run_exec_chain(void)
{
	const char *text = getenv("FORKSAN_TEST_DEPTH");
	int depth = text != NULL ? atoi(text) : 0;
	int fd;

	if (depth == 0) {
		fd = peer_connect();
		run_child(peer_ping, fd);
		peer_ping(fd);
	} else if (depth == 200) {
		list_descriptors();
		return;
	}
	subject_start_again("FORKSAN_TEST_DEPTH", depth + 1);
}

static void expect_chain(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 1);
	expect(log_counter(log, "execs") == 200);
}

static const struct entry_case cases[] = {
	{.name = "a number that libc closed is a file's",
	 .run = run_reused_by_file,
	 .check = expect_nothing},
	{.name = "a number that was closed unseen is another socket's",
	 .run = run_reused_by_socket,
	 .check = expect_nothing},
	{.name = "the log is written when all was closed",
	 .run = run_close_the_rest,
	 .check = expect_shared_use,
	 .operation = "send"},
	{.name = "closing every number has libc's results", .run = run_close_loop},
	{.name = "connections on 0, 1 and 2 get no byte of ours",
	 .run = run_standard_numbers,
	 .check = expect_three},
	{.name = "nor do they where reports are text",
	 .run = run_standard_numbers,
	 .options = ":log_path="},
	{.name = "a data file on 2 gets no word of ours",
	 .run = run_data_file,
	 .options = ":verbosity=1"},
	{.name = "200 times exec, and the descriptors are the same",
	 .run = run_exec_chain,
	 .check = expect_chain},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
