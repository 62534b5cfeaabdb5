/* SPDX-License-Identifier: MIT */
/*
 * shim/report/report.c, report/write.c: records arrive whole, at the right place, and the host
 * notices nothing.  Tests that change descriptors, limits or the directory run in a child process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/wiped.h"
#include "options/options.h"
#include "report/report.h"
#include "report/write.h"
#include "sample.h"

#define WRITERS 64
#define RECORDS 20

static struct sample sample;
#define DIRECTORY_BYTES 256
#define FILE_BYTES (DIRECTORY_BYTES + 64)

static char directory[DIRECTORY_BYTES];
static char path[FILE_BYTES];

static void complain(const char *line)
{
	fprintf(stderr, "%s\n", line);
	abort();
}

/* Sets log_path=; NULL: none. */
static void log_to(const char *log_path)
{
	char text[FILE_BYTES + 16] = "";

	if (log_path != NULL)
		snprintf(text, sizeof(text), "log_path=%s", log_path);
	report_start();
	options_parse(text, complain);
	report_start_log();
}

static int begin(void **state)
{
	const char *parent = getenv("TMPDIR");

	(void)state;
	snprintf(directory, sizeof(directory), "%s/forksan-report-XXXXXX",
		 parent != NULL ? parent : "/tmp");
	if (mkdtemp(directory) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/log", directory);
	sample_init(&sample);
	log_to(path);
	return 0;
}

static int end(void **state)
{
	char command[FILE_BYTES];

	(void)state;
	sample_free(&sample);
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	return system(command);
}

static int report(void)
{
	return report_finding(sample.registry, &sample.finding);
}

/* Makes the record's line about `kilobytes` long. */
static void make_large(unsigned kilobytes)
{
	static char text[120 * 1024] = "why";

	memset(text, 'x', kilobytes * 1024);
	if (kilobytes > 0)
		text[kilobytes * 1024] = '\0';
	sample.finding.text = text;
}

static size_t count_lines(const char *file, const char *start)
{
	FILE *log = fopen(file, "r");
	char *line = NULL;
	size_t size = 0;
	size_t count = 0;

	if (log == NULL)
		return 0;
	while (getline(&line, &size, log) > 0)
		if (strncmp(line, start, strlen(start)) == 0)
			count++;
	free(line);
	fclose(log);
	return count;
}

static void assert_valid_log(void)
{
	char here[] = __FILE__;
	char command[FILE_BYTES + 256];

	*strrchr(here, '/') = '\0';
	snprintf(command, sizeof(command), "/usr/bin/python3 %s/../report/validate_log.py '%s'",
		 here, path);
	assert_int_equal(system(command), 0);
}

static int wait_for(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* --- whole lines --------------------------------------------------------------------------- */

static void lines_of_64_processes_stay_whole(void **state)
{
	pid_t children[WRITERS];

	(void)state;
	for (int i = 0; i < WRITERS; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			int failures = 0;

			sample.finding.reporter.pid = getpid();
			make_large((unsigned)i % 8 * 8);
			for (int n = 0; n < RECORDS; n++)
				failures += report() != 0;
			_exit(failures);
		}
	}
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(wait_for(children[i]), 0);
	assert_int_equal(count_lines(path, "{\"record\":\"finding\""), WRITERS * RECORDS);
	assert_valid_log();
}

static void a_cut_last_line_is_ended_first(void **state)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	(void)state;
	assert_int_equal(write(fd, "{\"record\":\"fin", 14), 14);
	close(fd);
	assert_int_equal(report(), 0);
	assert_int_equal(report(), 0);
	assert_int_equal(count_lines(path, "{\"record\":\"fin\n"), 1);
	assert_int_equal(count_lines(path, "{\"record\":\"finding\""), 2);
}

/* Processes are killed while they write lines of many pages.  What others write meanwhile and
 * afterwards must each be a line of its own. */
static void lines_survive_the_death_of_other_writers(void **state)
{
	size_t steady = 0;

	(void)state;
	make_large(100);
	for (int round = 0; round < 60; round++) {
		pid_t victim = fork();

		assert_true(victim >= 0); /* kill(-1) would end everything */
		if (victim == 0) {
			sample.finding.reporter.pid = 1;
			for (;;)
				report();
		}
		poll(NULL, 0, 1 + round % 3);
		kill(victim, SIGKILL);
		for (int i = 0; i < 3; i++, steady++) {
			sample.finding.reporter.pid = 4000000;
			assert_int_equal(report(), 0);
		}
		wait_for(victim);
	}
	{
		char command[FILE_BYTES + 256];
		FILE *count;
		unsigned whole = 0;

		snprintf(command, sizeof(command),
			 "grep -c "
			 "'^{\"record\":\"finding\".*\"pid\":4000000,.*\"truncated\":\\[\\]}$'"
			 " '%s'",
			 path);
		count = popen(command, "r");
		assert_int_equal(fscanf(count, "%u", &whole), 1);
		pclose(count);
		assert_int_equal(whole, steady);
	}
}

/* --- trouble ------------------------------------------------------------------------------- */

/* In a child, so that limits and descriptors stay there.  The function returns 0 for success. */
static void in_child(int (*function)(void))
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		alarm(20);
		_exit(function());
	}
	status = wait_for(child);
	if (WIFSIGNALED(status))
		fail_msg("killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		fail_msg("the line above says where");
}

#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(STDOUT_FILENO, "%s:%d: %s\n", __FILE__, __LINE__, #condition);     \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

static int report_over_the_limit(void)
{
	struct rlimit small = {0, RLIM_INFINITY};
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	struct stat log;
	sigset_t pending;

	REQUIRE(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) == STDERR_FILENO);
	REQUIRE(report() == 0);
	REQUIRE(stat(path, &log) == 0);
	small.rlim_cur = (rlim_t)log.st_size + 1000;
	REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
	REQUIRE(report() == -EFBIG);
	sigpending(&pending);
	REQUIRE(sigismember(&pending, SIGXFSZ) == 0);
	REQUIRE(setrlimit(RLIMIT_FSIZE, &none) == 0);
	REQUIRE(report() == 0);
	REQUIRE(count_lines(path, "{\"record\":\"finding\"") == 3);
	return 0;
}

static void a_full_disk_costs_the_line_and_no_other(void **state)
{
	(void)state;
	in_child(report_over_the_limit);
}

static int report_into_a_broken_pipe(void)
{
	sigset_t block;
	sigset_t pending;
	int ends[2];

	REQUIRE(pipe(ends) == 0);
	REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	close(ends[0]);
	close(ends[1]);
	log_to(NULL);
	REQUIRE(report() == -EPIPE); /* and SIGPIPE has not killed us */
	/* One that the host holds back is not taken from it. */
	sigemptyset(&block);
	sigaddset(&block, SIGPIPE);
	sigprocmask(SIG_BLOCK, &block, NULL);
	REQUIRE(raise(SIGPIPE) == 0);
	REQUIRE(report() == -EPIPE);
	sigpending(&pending);
	REQUIRE(sigismember(&pending, SIGPIPE) == 1);
	return 0;
}

static void a_broken_pipe_does_not_end_the_host(void **state)
{
	(void)state;
	in_child(report_into_a_broken_pipe);
}

static int report_to_a_socket(void)
{
	int ends[2];
	char byte;

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	log_to(NULL);
	REQUIRE(report() == -EPERM);
	log_to("/dev/stderr");
	REQUIRE(report() != 0);
	log_to("/proc/self/fd/2");
	REQUIRE(report() != 0);
	REQUIRE(recv(ends[0], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	return 0;
}

static void a_socket_never_gets_a_byte(void **state)
{
	(void)state;
	in_child(report_to_a_socket);
}

static int report_to_a_listening_path(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "log"};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	REQUIRE(chdir(directory) == 0);
	REQUIRE(bind(listener, (struct sockaddr *)&un, sizeof(un)) == 0);
	REQUIRE(listen(listener, 1) == 0);
	REQUIRE(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) == STDERR_FILENO);
	REQUIRE(report() == -ENXIO);
	return 0;
}

static void a_path_of_a_socket_is_an_error(void **state)
{
	(void)state;
	in_child(report_to_a_listening_path);
}

static int report_to_a_fifo(void)
{
	char bytes[65536];
	ssize_t got;
	int reader;

	REQUIRE(mkfifo(path, 0600) == 0);
	REQUIRE(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) == STDERR_FILENO);
	REQUIRE(report() == -ENXIO);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	REQUIRE(report() == 0);
	got = read(reader, bytes, sizeof(bytes));
	REQUIRE(got > 0 && bytes[0] == '{' && bytes[got - 1] == '\n');
	return 0;
}

static void a_fifo_that_nobody_reads_is_an_error(void **state)
{
	(void)state;
	in_child(report_to_a_fifo);
}

/* The host closed descriptor 2 and its next file, a database say, took the number. */
static int report_beside_a_data_file(void)
{
	char data[FILE_BYTES];
	struct stat stat;
	int fd;

	log_to(NULL);
	snprintf(data, sizeof(data), "%s/data", directory);
	close(STDERR_FILENO);
	REQUIRE(report() == -EPERM);
	fd = open(data, O_RDWR | O_CREAT, 0600);
	REQUIRE(fd == STDERR_FILENO);
	REQUIRE(write(fd, "data", 4) == 4);
	REQUIRE(report() == -EPERM);
	REQUIRE(fstat(fd, &stat) == 0 && stat.st_size == 4);
	/* A daemon's log is opened for appending. */
	close(fd);
	fd = open(data, O_WRONLY | O_APPEND);
	REQUIRE(fd == STDERR_FILENO);
	REQUIRE(report() == 0);
	REQUIRE(fstat(fd, &stat) == 0 && stat.st_size > 1000);
	/* And what stderr was at the start is stderr, however it was opened. */
	close(fd);
	fd = open(data, O_WRONLY | O_TRUNC);
	REQUIRE(fd == STDERR_FILENO);
	log_to(NULL);
	REQUIRE(report() == 0);
	return 0;
}

static void a_data_file_that_took_number_2_is_left_alone(void **state)
{
	(void)state;
	in_child(report_beside_a_data_file);
}

static int report_without_standard_descriptors(void)
{
	int message = dup(STDOUT_FILENO);

	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	if (report() != 0 || fcntl(STDIN_FILENO, F_GETFD) != -1 ||
	    count_lines(path, "{\"record\"") != 1) {
		dprintf(message, "%s:%d\n", __FILE__, __LINE__);
		return 1;
	}
	return 0;
}

static void closed_standard_descriptors_stay_closed(void **state)
{
	(void)state;
	in_child(report_without_standard_descriptors);
}

static int report_that_cannot_be_logged(void)
{
	char text[FILE_BYTES];
	int fd;

	snprintf(text, sizeof(text), "%s/stderr", directory);
	fd = open(text, O_WRONLY | O_CREAT | O_APPEND, 0600);
	REQUIRE(dup2(fd, STDERR_FILENO) == STDERR_FILENO);
	log_to("/nonexistent/forksan.log");
	errno = 1234;
	REQUIRE(report() == -ENOENT);
	REQUIRE(report() == -ENOENT);
	REQUIRE(errno == 1234);
	REQUIRE(count_lines(text, "SUMMARY: forksan: shared-use") == 2);
	snprintf(path, sizeof(path),
		 "==%d== forksan: cannot write /nonexistent/forksan.log: "
		 "no such directory (errno 2)",
		 812);
	REQUIRE(count_lines(text, path) == 1);
	return 0;
}

static void what_cannot_be_logged_is_said_on_stderr(void **state)
{
	(void)state;
	in_child(report_that_cannot_be_logged);
}

static size_t open_descriptors(void)
{
	DIR *self = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(self) != NULL)
		count++;
	closedir(self);
	return count;
}

static void errno_mask_and_descriptors_are_as_before(void **state)
{
	size_t descriptors = open_descriptors();
	sigset_t before;
	sigset_t after;

	(void)state;
	sigprocmask(SIG_BLOCK, NULL, &before);
	errno = 1234;
	assert_int_equal(report(), 0);
	assert_int_equal(report_session(sample.registry), 0);
	assert_int_equal(report_summary(sample.registry), 0);
	assert_int_equal(errno, 1234);
	sigprocmask(SIG_BLOCK, NULL, &after);
	assert_memory_equal(&before, &after, sizeof(uint64_t));
	assert_int_equal(open_descriptors(), descriptors);
}

/* --- log_path ------------------------------------------------------------------------------ */

static void p_is_the_pid(void **state)
{
	char file[FILE_BYTES];

	(void)state;
	snprintf(file, sizeof(file), "%s/a%%%%b.%%p", directory);
	log_to(file);
	assert_int_equal(report(), 0);
	snprintf(file, sizeof(file), "%s/a%%b.812", directory);
	assert_int_equal(count_lines(file, "{\"record\""), 1);
}

static int report_after_chdir(void)
{
	REQUIRE(chdir(directory) == 0);
	log_to("log");
	REQUIRE(chdir("/") == 0);
	REQUIRE(report() == 0);
	REQUIRE(count_lines(path, "{\"record\"") == 1);
	return 0;
}

static void a_relative_path_survives_chdir(void **state)
{
	(void)state;
	in_child(report_after_chdir);
}

static void only_a_log_with_payload_is_private(void **state)
{
	mode_t mask = umask(022);
	struct stat stat_;

	(void)state;
	assert_int_equal(report(), 0);
	assert_int_equal(stat(path, &stat_), 0);
	assert_int_equal(stat_.st_mode & 07777, 0644);
	unlink(path);
	options.payload = true;
	assert_int_equal(report(), 0);
	assert_int_equal(stat(path, &stat_), 0);
	assert_int_equal(stat_.st_mode & 07777, 0600);
	umask(mask);
}

/* --- a log out of reach ---------------------------------------------------------------------- */

static void require_root(void)
{
	if (geteuid() != 0)
		skip();
}

static int report_as_nobody(void)
{
	REQUIRE(chmod(directory, 0700) == 0);
	REQUIRE(report() == 0);
	report_write_keep(812);
	REQUIRE(setresuid(65534, 65534, 65534) == 0);
	REQUIRE(report() == 0);
	REQUIRE(chdir(directory) != 0);
	return 0;
}

static void a_kept_log_is_written_without_the_right_to_open_it(void **state)
{
	(void)state;
	require_root();
	in_child(report_as_nobody);
	assert_int_equal(count_lines(path, "{\"record\":\"finding\""), 2);
}

/* The same path leads somewhere else after chroot(); no second log is made there. */
static int report_in_a_jail(void)
{
	char command[2 * FILE_BYTES];
	char jail[FILE_BYTES];

	snprintf(jail, sizeof(jail), "%s/jail", directory);
	snprintf(command, sizeof(command), "mkdir -p '%s%s'", jail, directory);
	REQUIRE(system(command) == 0);
	report_write_keep(812);
	REQUIRE(chroot(jail) == 0);
	REQUIRE(report() == 0);
	REQUIRE(access(path, F_OK) != 0);
	return 0;
}

static void a_kept_log_is_written_from_another_root(void **state)
{
	(void)state;
	require_root();
	in_child(report_in_a_jail);
	assert_int_equal(count_lines(path, "{\"record\":\"finding\""), 1);
}

/* The host closes the number and opens its own file there. */
static int report_beside_what_took_the_number(void)
{
	char data[FILE_BYTES];
	struct stat stat;
	int fd;

	snprintf(data, sizeof(data), "%s/data", directory);
	report_write_keep(812);
	closefrom(3);
	fd = open(data, O_RDWR | O_CREAT, 0600);
	for (int number = 290; number < 320; number++)
		REQUIRE(dup2(fd, number) == number);
	REQUIRE(unlink(path) == 0);
	REQUIRE(report() == 0);
	REQUIRE(fstat(fd, &stat) == 0 && stat.st_size == 0);
	REQUIRE(count_lines(path, "{\"record\":\"finding\"") == 1);
	return 0;
}

static void a_kept_number_that_was_taken_is_left_alone(void **state)
{
	(void)state;
	in_child(report_beside_what_took_the_number);
}

/* --- buffers ------------------------------------------------------------------------------- */

static void *report_in_thread(void *result)
{
	*(int *)result = report();
	return NULL;
}

/* Threads of this process, but the caller, that wait in the kernel. */
static unsigned sleeping_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	unsigned count = 0;

	while ((task = readdir(tasks)) != NULL) {
		char file[64];
		char state = '?';
		FILE *stat;

		if (atoi(task->d_name) == 0 || atoi(task->d_name) == getpid())
			continue;
		snprintf(file, sizeof(file), "/proc/self/task/%.20s/stat", task->d_name);
		stat = fopen(file, "r");
		if (stat != NULL && fscanf(stat, "%*d (%*[^)]) %c", &state) == 1 && state == 'S')
			count++;
		if (stat != NULL)
			fclose(stat);
	}
	closedir(tasks);
	return count;
}

/* Threads that hang in a write to a full stderr hold the buffers. */
static int report_with_all_buffers_taken(void)
{
	static int results[4];
	pthread_t threads[4];
	char bytes[4096] = {0};
	int ends[2];
	pid_t child;
	int status;

	wiped_start();
	REQUIRE(pipe(ends) == 0);
	REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	REQUIRE(fcntl(ends[1], F_SETPIPE_SZ, 4096) == 4096);
	REQUIRE(write(STDERR_FILENO, bytes, sizeof(bytes)) == sizeof(bytes));
	log_to(NULL);
	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_create(&threads[i], NULL, report_in_thread, &results[i]) == 0);
	while (sleeping_threads() < 4)
		poll(NULL, 0, 1);
	log_to(path);
	REQUIRE(report() == -EBUSY);
	child = fork();
	if (child == 0) {
		_exit(report() == 0 ? 0 : 2);
	}
	REQUIRE(waitpid(child, &status, 0) == child);
	REQUIRE(status == 0);
	close(ends[1]);
	close(STDERR_FILENO);
	while (read(ends[0], bytes, sizeof(bytes)) > 0)
		continue;
	for (int i = 0; i < 4; i++) {
		REQUIRE(pthread_join(threads[i], NULL) == 0);
		REQUIRE(results[i] == 0);
	}
	REQUIRE(report() == 0);
	return 0;
}

static void no_buffer_is_an_error_and_a_fork_frees_them(void **state)
{
	(void)state;
#ifdef __SANITIZE_THREAD__
	skip(); /* it does not get over a fork() beside threads */
#endif
	in_child(report_with_all_buffers_taken);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(lines_of_64_processes_stay_whole),
		TEST(a_cut_last_line_is_ended_first),
		TEST(lines_survive_the_death_of_other_writers),
		TEST(a_full_disk_costs_the_line_and_no_other),
		TEST(a_broken_pipe_does_not_end_the_host),
		TEST(a_socket_never_gets_a_byte),
		TEST(a_path_of_a_socket_is_an_error),
		TEST(a_fifo_that_nobody_reads_is_an_error),
		TEST(a_data_file_that_took_number_2_is_left_alone),
		TEST(closed_standard_descriptors_stay_closed),
		TEST(what_cannot_be_logged_is_said_on_stderr),
		TEST(errno_mask_and_descriptors_are_as_before),
		TEST(p_is_the_pid),
		TEST(a_relative_path_survives_chdir),
		TEST(only_a_log_with_payload_is_private),
		TEST(a_kept_log_is_written_without_the_right_to_open_it),
		TEST(a_kept_log_is_written_from_another_root),
		TEST(a_kept_number_that_was_taken_is_left_alone),
		TEST(no_buffer_is_an_error_and_a_fork_frees_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
