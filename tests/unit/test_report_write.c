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
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sys.h"
#include "base/wiped.h"
#include "options/options.h"
#include "report/report.h"
#include "report/write.h"
#include "registry/registry.h"
#include "sample.h"

#define WRITERS 64
#define FOREIGNER 6001
#define SKIPPED 77
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
static void set_log(const char *log_path)
{
	char text[FILE_BYTES + 32] = "";

	if (log_path != NULL)
		snprintf(text, sizeof(text), "log_path=%s", log_path);
	options_parse(text, complain);
	report_start_log(NULL, NULL);
}

/* As a program that begins here, with that option. */
static void log_to(const char *log_path)
{
	report_start();
	set_log(log_path);
	report_speak();
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
	registry_mapping = sample.registry;
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

/* False: standard error shows a bug however often it has. */
static bool remember_bugs;

/* As finding.c does. */
static int report(void)
{
	uint64_t signals;
	int result;

	if (!remember_bugs)
		memset(sample.registry->findings, 0, sizeof(sample.registry->findings));
	sys_block_signals(&signals);
	result = report_finding(sample.registry, &sample.finding);
	sys_restore_signals(signals);
	return result;
}

/* Makes the record's line about `kilobytes` long. */
static void make_large(unsigned kilobytes)
{
	static char text[8 * 1024] = "why";

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
			make_large((unsigned)i % 7);
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
	make_large(6);
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
			 "'^{\"record\":\"finding\".*\"pid\":4000000,.*}$'"
			 " '%s'",
			 path);
		count = popen(command, "r");
		assert_int_equal(fscanf(count, "%u", &whole), 1);
		pclose(count);
		assert_int_equal(whole, steady);
	}
}

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

/* The numbers of all records, and what they are. */
static void read_log(const char *file, unsigned *stacks, unsigned *findings, unsigned *highest)
{
	FILE *log = fopen(file, "r");
	char *line = NULL;
	size_t size = 0;

	*stacks = *findings = *highest = 0;
	assert_non_null(log);
	while (getline(&line, &size, log) > 0) {
		const char *seq = strstr(line, "\"seq\":");
		unsigned number = seq != NULL ? (unsigned)strtoul(seq + 6, NULL, 10) : 0;

		assert_true(number > 0);
		*highest = number > *highest ? number : *highest;
		*stacks += strncmp(line, "{\"record\":\"stack\"", 17) == 0;
		*findings += strncmp(line, "{\"record\":\"finding\"", 19) == 0;
	}
	free(line);
	fclose(log);
}

static void a_stack_stands_once_in_a_file(void **state)
{
	char old[FILE_BYTES + 8];
	unsigned stacks, more, findings, highest;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(report(), 0);
	read_log(path, &stacks, &findings, &highest);
	assert_true(stacks > 0 && stacks <= FINDING_STACK_COUNT);
	assert_int_equal(findings, 3);
	assert_int_equal(highest, stacks + 3);
	/* Rotated: the new file is one that can be read alone. */
	snprintf(old, sizeof(old), "%s.1", path);
	assert_int_equal(rename(path, old), 0);
	assert_int_equal(report(), 0);
	assert_int_equal(report(), 0);
	read_log(path, &more, &findings, &highest);
	assert_int_equal(more, stacks);
	assert_int_equal(findings, 2);
	assert_int_equal(highest, 2 * stacks + 5);
	assert_valid_log();
}

/* Four stacks that together are longer than the buffer in which records wait. */
static void long_stacks_come_whole(void **state)
{
	char name[sizeof(sample.registry->modules[0].path)];
	unsigned stacks, findings, highest;
	struct stat log;

	(void)state;
	memset(name, 'm', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	sample_add_module(&sample, 7, name);
	for (size_t i = 0; i < FINDING_STACK_COUNT; i++)
		while (sample_stack(&sample, sample.finding.stacks[i])->native_count <
		       FORKSAN_MAX_NATIVE_FRAMES)
			sample_add_native(&sample, sample.finding.stacks[i], 8, 4096 + i);
	assert_int_equal(report(), 0);
	read_log(path, &stacks, &findings, &highest);
	assert_int_equal(stacks, FINDING_STACK_COUNT);
	assert_int_equal(findings, 1);
	assert_int_equal(highest, FINDING_STACK_COUNT + 1);
	assert_int_equal(count_lines(path, "{"), FINDING_STACK_COUNT + 1);
	assert_int_equal(stat(path, &log), 0);
	assert_true(log.st_size > FINDING_STACK_COUNT * FORKSAN_MAX_NATIVE_FRAMES * 240);
	assert_valid_log();
}

/* A number that is missing is a record that was lost. */
static int lose_a_record(void)
{
	char elsewhere[FILE_BYTES + 8];
	unsigned stacks, findings, highest;

	REQUIRE(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) == STDERR_FILENO);
	REQUIRE(report() == 0);
	snprintf(elsewhere, sizeof(elsewhere), "%s/no/log", directory);
	set_log(elsewhere);
	REQUIRE(report() == -ENOENT);
	set_log(path);
	REQUIRE(report() == 0);
	read_log(path, &stacks, &findings, &highest);
	REQUIRE(highest == stacks + findings + 1);
	return 0;
}

static void a_lost_record_leaves_a_gap(void **state)
{
	(void)state;
	in_child(lose_a_record);
}

/* --- trouble ------------------------------------------------------------------------------- */

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
	log_to(NULL);
	REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	REQUIRE(report() == -EPERM);
	set_log("/dev/stderr");
	REQUIRE(report() != 0);
	set_log("/proc/self/fd/2");
	REQUIRE(report() != 0);
	REQUIRE(recv(ends[0], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	return 0;
}

static void a_socket_that_took_number_2_never_gets_a_byte(void **state)
{
	(void)state;
	in_child(report_to_a_socket);
}

/* As systemd's journal gives one. */
static int report_to_the_first_socket(void)
{
	char bytes[65536];
	int other[2];
	int ends[2];
	ssize_t got;

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	log_to(NULL);
	REQUIRE(report() == 0);
	got = recv(ends[0], bytes, sizeof(bytes), MSG_DONTWAIT);
	REQUIRE(got > 0 && memmem(bytes, (size_t)got, "SUMMARY", 7) != NULL);
	report_warn("hello");
	REQUIRE(recv(ends[0], bytes, sizeof(bytes), MSG_DONTWAIT) == 15);
	REQUIRE(memcmp(bytes, "forksan: hello\n", 15) == 0);
	/* The reader has gone: no signal. */
	close(ends[0]);
	REQUIRE(report() == -EPIPE);
	/* Another one on the same number. */
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, other) == 0);
	REQUIRE(dup2(other[1], STDERR_FILENO) == STDERR_FILENO);
	REQUIRE(report() == -EPERM);
	return 0;
}

static void a_socket_that_was_stderr_from_the_start_gets_messages(void **state)
{
	(void)state;
	in_child(report_to_the_first_socket);
}

/* inetd: the client's connection is standard input, output and error. */
static int report_to_a_client(void)
{
	int ends[2];

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	REQUIRE(dup2(ends[1], STDIN_FILENO) == STDIN_FILENO);
	REQUIRE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	log_to(NULL);
	REQUIRE(report() == -EPERM);
	return 0;
}

static void a_client_that_is_stdin_and_stderr_gets_no_byte(void **state)
{
	(void)state;
	in_child(report_to_a_client);
}

static int report_to_a_listening_path(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "log"};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	REQUIRE(chdir(directory) == 0);
	REQUIRE(bind(listener, (struct sockaddr *)&un, sizeof(un)) == 0);
	REQUIRE(listen(listener, 1) == 0);
	REQUIRE(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) == STDERR_FILENO);
	REQUIRE(report() == -LOG_IS_NO_FILE);
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

/* A reader that is slower than we are: what it gets are whole lines, the others are known to be
 * lost. */
static int report_to_a_slow_reader(void)
{
	static char bytes[1 << 20];
	unsigned written = 0, lost = 0, read_ = 0;
	ssize_t len = 0, got;
	int reader;

	REQUIRE(mkfifo(path, 0600) == 0);
	REQUIRE(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) == STDERR_FILENO);
	reader = open(path, O_RDONLY | O_NONBLOCK);
	make_large(3);
	for (int i = 0; i < 200; i++) {
		int result = report();

		REQUIRE(result == 0 || result == -EAGAIN);
		*(result == 0 ? &written : &lost) += 1;
		if (i % 10 == 0) {
			got = read(reader, bytes + len, 5000);
			len += got > 0 ? got : 0;
		}
	}
	while ((got = read(reader, bytes + len, sizeof(bytes) - 1 - (size_t)len)) > 0)
		len += got;
	bytes[len] = '\0';
	for (char *line = strtok(bytes, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		REQUIRE(strncmp(line, "{\"record\":\"", 11) == 0);
		REQUIRE(line[strlen(line) - 1] == '}');
		read_ += strncmp(line, "{\"record\":\"finding\"", 19) == 0;
	}
	REQUIRE(written > 20 && lost > 20 && read_ == written);
	return 0;
}

static void a_slow_reader_gets_whole_lines(void **state)
{
	(void)state;
	in_child(report_to_a_slow_reader);
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
	REQUIRE(fstat(fd, &stat) == 0 && stat.st_size > 400);
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
	    count_lines(path, "{\"record\":\"finding\"") != 1) {
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
	remember_bugs = true;
	errno = 1234;
	REQUIRE(report() == -ENOENT);
	REQUIRE(report() == -ENOENT);
	REQUIRE(errno == 1234);
	/* A bug is shown once, and again when it is worse. */
	REQUIRE(count_lines(text, "SUMMARY: forksan: shared-use") == 1);
	sample.finding.kind = KIND_INHERITED_USE;
	REQUIRE(report() == -ENOENT);
	sample.finding.kind = KIND_CROSSED_REPLY;
	sample.finding.likely = true;
	REQUIRE(report() == -ENOENT && report() == -ENOENT);
	sample.finding.likely = false;
	REQUIRE(report() == -ENOENT && report() == -ENOENT);
	REQUIRE(count_lines(text, "SUMMARY: forksan: ") == 3);
	REQUIRE(count_lines(text, "SUMMARY: forksan: crossed-reply (likely)") == 1);
	REQUIRE(load_relaxed(&registry_mapping->header.counters[COUNT_REPEATED]) == 4);
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
	report_session(sample.registry);
	report_summary(sample.registry);
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
	assert_int_equal(count_lines(file, "{\"record\":\"finding\""), 1);
}

/* A directory whose path is longer than any log_path. */
static int report_from_a_long_directory(void)
{
	char name[201];

	memset(name, 'd', 200);
	name[200] = '\0';
	REQUIRE(chdir(directory) == 0);
	for (int i = 0; i < 5; i++)
		REQUIRE(mkdir(name, 0700) == 0 && chdir(name) == 0);
	log_to("log");
	REQUIRE(chdir("/") == 0);
	REQUIRE(report() == 0);
	REQUIRE(access("log", F_OK) == -1);
	REQUIRE(chdir(directory) == 0);
	for (int i = 0; i < 5; i++)
		REQUIRE(chdir(name) == 0);
	REQUIRE(count_lines("log", "{\"record\":\"finding\"") == 1);
	/* One whose path no getcwd() tells: nothing is written elsewhere. */
	for (int i = 0; i < 20; i++)
		REQUIRE(mkdir(name, 0700) == 0 && chdir(name) == 0);
	REQUIRE(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) == STDERR_FILENO);
	log_to("log");
	REQUIRE(chdir(directory) == 0);
	REQUIRE(report() == -LOG_HAS_NO_DIRECTORY);
	REQUIRE(access("log", F_OK) == -1);
	return 0;
}

static void a_relative_path_is_where_the_program_began(void **state)
{
	(void)state;
	in_child(report_from_a_long_directory);
}

static int report_after_chdir(void)
{
	REQUIRE(chdir(directory) == 0);
	log_to("log");
	REQUIRE(chdir("/") == 0);
	REQUIRE(report() == 0);
	REQUIRE(count_lines(path, "{\"record\":\"finding\"") == 1);
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
	report_keep_log(812);
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
	report_keep_log(812);
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
	report_keep_log(812);
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

static int keep_for_appending(void)
{
	struct stat log;
	char byte;
	int fd = 300;

	options.payload = true;
	REQUIRE(report() == 0);
	report_keep_log(812);
	REQUIRE(stat(path, &log) == 0 && (log.st_mode & 07777) == 0600);
	REQUIRE((fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND)) == (O_WRONLY | O_APPEND));
	REQUIRE(setresuid(FOREIGNER, FOREIGNER, FOREIGNER) == 0);
	REQUIRE(pread(fd, &byte, 1, 0) == -1 && errno == EBADF);
	REQUIRE(open("/proc/self/fd/300", O_RDONLY) == -1 && errno == EACCES);
	REQUIRE(report() == 0);
	return 0;
}

static void a_kept_log_cannot_be_read(void **state)
{
	(void)state;
	require_root();
	in_child(keep_for_appending);
	assert_int_equal(count_lines(path, "{\"record\":\"finding\""), 2);
}

/* Another process was killed while it wrote: what the kept descriptor cannot see. */
static int report_behind_a_cut_line(void)
{
	int fd;

	report_keep_log(812);
	REQUIRE(report() == 0);
	fd = open(path, O_WRONLY | O_APPEND);
	REQUIRE(chmod(directory, 0700) == 0);
	REQUIRE(setresuid(FOREIGNER, FOREIGNER, FOREIGNER) == 0);
	REQUIRE(report() == 0);
	REQUIRE(report() == 0);
	REQUIRE(write(fd, "{\"record\":\"fin", 14) == 14);
	REQUIRE(report() == 0);
	return 0;
}

static void a_kept_log_gets_whole_lines(void **state)
{
	(void)state;
	require_root();
	in_child(report_behind_a_cut_line);
	assert_int_equal(count_lines(path, "{\"record\":\"finding\""), 4);
	/* The first of the kept descriptor cannot know what is before it. */
	assert_int_equal(count_lines(path, "\n"), 1);
}

static uint64_t moved(void)
{
	return load_relaxed(&registry_mapping->header.counters[LOST_LOG]);
}

/* As logrotate does. */
static int report_after_rotation(void)
{
	char old[FILE_BYTES + 8];

	registry_mapping = sample.registry;
	snprintf(old, sizeof(old), "%s.1", path);
	REQUIRE(chmod(directory, 0755) == 0);
	REQUIRE(report() == 0);
	report_keep_log(812);
	/* The saved user stays root, to come back. */
	REQUIRE(setresuid(FOREIGNER, FOREIGNER, 0) == 0);
	REQUIRE(report() == 0 && moved() == 0);
	REQUIRE(seteuid(0) == 0 && rename(path, old) == 0 && seteuid(FOREIGNER) == 0);
	REQUIRE(report() == 0 && moved() == 1);
	REQUIRE(count_lines(old, "{\"record\":\"finding\"") == 3);
	/* Root has a right to make the next one, and does. */
	REQUIRE(seteuid(0) == 0 && close(open(path, O_WRONLY | O_CREAT, 0644)) == 0);
	REQUIRE(seteuid(FOREIGNER) == 0);
	REQUIRE(report() == 0 && moved() == 2);
	REQUIRE(seteuid(0) == 0 && report() == 0 && moved() == 2);
	REQUIRE(count_lines(path, "{\"record\":\"finding\"") == 1);
	REQUIRE(unlink(old) == 0 && seteuid(FOREIGNER) == 0);
	REQUIRE(dup2(open("/dev/null", O_WRONLY), STDERR_FILENO) == STDERR_FILENO);
	REQUIRE(report() == -ESTALE);
	return 0;
}

static void a_log_that_was_renamed_is_noticed(void **state)
{
	(void)state;
	require_root();
	in_child(report_after_rotation);
}

/* --- a log that others prepared -------------------------------------------------------------- */

/* Makes `directory` one in which everybody may make files. */
static void make_sticky(void)
{
	assert_int_equal(chmod(directory, 01777), 0);
}

static void be_quiet(void)
{
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
}

/* Runs `command`, with $D for the directory, as a user who was there before us. */
static void as_foreigner(const char *command)
{
	pid_t child = fork();

	if (child == 0) {
		setenv("D", directory, 1);
		if (setresgid(FOREIGNER, FOREIGNER, FOREIGNER) != 0 ||
		    setresuid(FOREIGNER, FOREIGNER, FOREIGNER) != 0)
			_exit(1);
		execl("/bin/sh", "sh", "-ec", command, NULL);
		_exit(1);
	}
	assert_int_equal(wait_for(child), 0);
}

static void assert_size(const char *file, long long size)
{
	char name[FILE_BYTES + 16];
	struct stat stat_;

	snprintf(name, sizeof(name), "%s/%s", directory, file);
	assert_int_equal(stat(name, &stat_) == 0 ? stat_.st_size : -1, size);
}

static int refuse_a_foreign_log(void)
{
	be_quiet();
	as_foreigner("umask 0; : >$D/log; ln -s $D/roots $D/link; ln -s $D/nothing $D/dangling;"
		     "mkfifo -m 666 $D/fifo; mkdir $D/way; ln -s $D/way $D/by");
	for (int payload = 0; payload < 2; payload++) {
		static const char *const logs[] = {"log", "link", "dangling", "fifo", "by/log"};

		for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
			snprintf(path, sizeof(path), "%s/%s", directory, logs[i]);
			set_log(path);
			options.payload = payload;
			if (report() != -LOG_IS_FOREIGN) {
				dprintf(STDOUT_FILENO, "%s, payload=%d\n", logs[i], payload);
				return 1;
			}
		}
	}
	return 0;
}

/* In a container without root, /dev/null belongs to a user that the container does not know. */
static int report_to_foreign_devices(void)
{
	char null[FILE_BYTES], zero[FILE_BYTES];

	be_quiet();
	snprintf(null, sizeof(null), "%s/null", directory);
	snprintf(zero, sizeof(zero), "%s/zero", directory);
	if (mknod(null, S_IFCHR | 0666, makedev(1, 3)) != 0 || close(open(null, O_WRONLY)) != 0)
		return SKIPPED; /* without the right to make devices, or to use them here */
	REQUIRE(mknod(zero, S_IFCHR | 0666, makedev(1, 5)) == 0);
	REQUIRE(chown(null, FOREIGNER, FOREIGNER) == 0 && chown(zero, FOREIGNER, FOREIGNER) == 0);
	set_log(null);
	REQUIRE(report() == 0);
	set_log(zero);
	REQUIRE(report() == -LOG_IS_FOREIGN);
	return 0;
}

static void the_null_device_is_anybodys(void **state)
{
	pid_t child;
	int status;

	(void)state;
	require_root();
	child = fork();
	if (child == 0)
		_exit(report_to_foreign_devices());
	status = wait_for(child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(status, 0);
}

static void nothing_of_another_user_is_written_to(void **state)
{
	char roots[FILE_BYTES];
	struct stat stat_;
	int fd;

	(void)state;
	require_root();
	make_sticky();
	snprintf(roots, sizeof(roots), "%s/roots", directory);
	fd = open(roots, O_WRONLY | O_CREAT, 0644);
	assert_int_equal(write(fd, "root:x:0:0\n", 11), 11);
	close(fd);
	in_child(refuse_a_foreign_log);
	assert_size("log", 0);
	assert_size("roots", 11);
	assert_size("nothing", -1);
	assert_size("way/log", -1);
	assert_int_equal(stat(roots, &stat_), 0);
	assert_int_equal(stat_.st_mode & 07777, 0644);
}

static int refuse_another_name(void)
{
	char second[FILE_BYTES + 8];

	be_quiet();
	snprintf(second, sizeof(second), "%s.2", path);
	REQUIRE(report() == 0 && link(path, second) == 0);
	REQUIRE(report() == -LOG_HAS_OTHER_NAMES);
	REQUIRE(unlink(second) == 0 && report() == 0);
	return 0;
}

static void a_file_with_two_names_is_not_written_to(void **state)
{
	(void)state;
	make_sticky();
	in_child(refuse_another_name);
}

/* Links of our own and of root's are followed, however many; /dev/stderr is one. */
static int report_through_links(void)
{
	char real[FILE_BYTES];
	char text[3 * FILE_BYTES];

	snprintf(text, sizeof(text),
		 "cd '%s' && mkdir real && ln -s real way && ln -s way/../way/./log2 log && "
		 "ln -s loop loop",
		 directory);
	REQUIRE(system(text) == 0);
	snprintf(real, sizeof(real), "%s/real/log2", directory);
	REQUIRE(report() == 0);
	REQUIRE(count_lines(real, "{\"record\":\"finding\"") == 1);
	be_quiet();
	snprintf(path, sizeof(path), "%s/loop/log", directory);
	log_to(path);
	REQUIRE(report() == -ELOOP);
	REQUIRE(dup2(open(real, O_WRONLY | O_APPEND), STDERR_FILENO) == STDERR_FILENO);
	log_to("/dev/stderr");
	REQUIRE(report() == 0);
	REQUIRE(count_lines(real, "{\"record\":\"finding\"") == 2);
	return 0;
}

static void own_links_are_followed(void **state)
{
	(void)state;
	make_sticky();
	in_child(report_through_links);
}

static int refuse_a_readable_log(void)
{
	struct stat stat_;

	be_quiet();
	umask(022);
	REQUIRE(report() == 0);
	options.payload = true;
	REQUIRE(report() == -LOG_IS_READABLE);
	REQUIRE(stat(path, &stat_) == 0 && (stat_.st_mode & 07777) == 0644);
	REQUIRE(count_lines(path, "{\"record\":\"finding\"") == 1);
	REQUIRE(chmod(path, 0600) == 0 && report() == 0);
	return 0;
}

static void payload_is_not_written_where_others_read(void **state)
{
	(void)state;
	make_sticky();
	in_child(refuse_a_readable_log);
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
	options.verbosity = 1;
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
		TEST(a_stack_stands_once_in_a_file),
		TEST(long_stacks_come_whole),
		TEST(a_lost_record_leaves_a_gap),
		TEST(a_full_disk_costs_the_line_and_no_other),
		TEST(a_broken_pipe_does_not_end_the_host),
		TEST(a_socket_that_took_number_2_never_gets_a_byte),
		TEST(a_socket_that_was_stderr_from_the_start_gets_messages),
		TEST(a_client_that_is_stdin_and_stderr_gets_no_byte),
		TEST(a_path_of_a_socket_is_an_error),
		TEST(a_fifo_that_nobody_reads_is_an_error),
		TEST(a_slow_reader_gets_whole_lines),
		TEST(a_data_file_that_took_number_2_is_left_alone),
		TEST(closed_standard_descriptors_stay_closed),
		TEST(what_cannot_be_logged_is_said_on_stderr),
		TEST(errno_mask_and_descriptors_are_as_before),
		TEST(p_is_the_pid),
		TEST(a_relative_path_survives_chdir),
		TEST(a_relative_path_is_where_the_program_began),
		TEST(only_a_log_with_payload_is_private),
		TEST(a_kept_log_is_written_without_the_right_to_open_it),
		TEST(a_kept_log_is_written_from_another_root),
		TEST(a_kept_number_that_was_taken_is_left_alone),
		TEST(a_kept_log_cannot_be_read),
		TEST(a_kept_log_gets_whole_lines),
		TEST(a_log_that_was_renamed_is_noticed),
		TEST(the_null_device_is_anybodys),
		TEST(nothing_of_another_user_is_written_to),
		TEST(a_file_with_two_names_is_not_written_to),
		TEST(own_links_are_followed),
		TEST(payload_is_not_written_where_others_read),
		TEST(no_buffer_is_an_error_and_a_fork_frees_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
