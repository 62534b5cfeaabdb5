/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/exec.c: a program that is started without us is counted; what close-on-exec closes is
 * held no more; a program that is started with us goes on in the session.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define TRUE_PATH "/bin/true"

extern char **environ;

int execveat(int directory, const char *path, char *const argv[], char *const envp[], int flags);

static char name[] = "true";
static char *const arguments[] = {name, NULL};
static char *const empty[] = {NULL};

static void by_execve(int fd)
{
	(void)fd;
	execve(TRUE_PATH, arguments, empty);
	require(false);
}

static void by_execvpe(int fd)
{
	(void)fd;
	execvpe("true", arguments, empty);
	require(false);
}

static void by_fexecve(int fd)
{
	(void)fd;
	fexecve(open(TRUE_PATH, O_RDONLY | O_CLOEXEC), arguments, empty);
	require(false);
}

static void by_execveat(int fd)
{
	(void)fd;
	execveat(AT_FDCWD, TRUE_PATH, arguments, empty, 0);
	require(false);
}

static void by_execle(int fd)
{
	(void)fd;
	execle(TRUE_PATH, "true", (char *)NULL, empty);
	require(false);
}

static void by_execv(int fd)
{
	(void)fd;
	unsetenv("LD_PRELOAD");
	execv(TRUE_PATH, arguments);
	require(false);
}

static void by_execvp(int fd)
{
	(void)fd;
	unsetenv("LD_PRELOAD");
	execvp("true", arguments);
	require(false);
}

static void by_execl(int fd)
{
	(void)fd;
	unsetenv("LD_PRELOAD");
	execl(TRUE_PATH, "true", (char *)NULL);
	require(false);
}

static void by_execlp(int fd)
{
	(void)fd;
	unsetenv("LD_PRELOAD");
	execlp("true", "true", (char *)NULL);
	require(false);
}

static void wait_for(pid_t pid)
{
	int status;

	require(waitpid(pid, &status, 0) == pid && status == 0);
}

static void by_posix_spawn(int fd)
{
	pid_t pid;

	(void)fd;
	require(posix_spawn(&pid, TRUE_PATH, NULL, NULL, arguments, empty) == 0);
	wait_for(pid);
	require(posix_spawn(&pid, "/nonexistent", NULL, NULL, arguments, empty) == ENOENT);
}

static void by_posix_spawnp(int fd)
{
	pid_t pid;

	(void)fd;
	require(posix_spawnp(&pid, "true", NULL, NULL, arguments, empty) == 0);
	wait_for(pid);
	require(posix_spawnp(&pid, "nonexistent", NULL, NULL, arguments, empty) == ENOENT);
}

#define SUBJECT(line)                                                                              \
	static void run_##line(void)                                                               \
	{                                                                                          \
		run_child(by_##line, peer_connect());                                              \
	}
SUBJECT(execve)
SUBJECT(execvpe)
SUBJECT(fexecve)
SUBJECT(execveat)
SUBJECT(execle)
SUBJECT(execv)
SUBJECT(execvp)
SUBJECT(execl)
SUBJECT(execlp)
SUBJECT(posix_spawn)
SUBJECT(posix_spawnp)

static void expect_unseen(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "exec_unseen") == 1);
	expect(log_count(log, NULL) == 0);
}

/* --- what comes through ---------------------------------------------------------------------- */

/* The opener becomes cat, which ends when its input does; the child uses the connection after that.
 * `fails`: there is no such program, the opener waits instead. */
static void opener_execs(int connection_flags, bool fails)
{
	char cat[] = "cat";
	char *const argv[] = {cat, NULL};
	struct gate execed;
	int input[2];
	int fd;
	pid_t pid;

	gate_init(&execed);
	require(pipe2(input, O_CLOEXEC) == 0);
	fd = peer_connect_only(connection_flags);
	peer_ping(fd);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		gate_wait(&execed); /* its other end is closed on exec, or told */
		peer_ping(fd);
		_exit(0);
	}
	require(dup2(input[0], STDIN_FILENO) == STDIN_FILENO);
	raw_close(input[1]);
	if (!fails) {
		execve("/bin/cat", argv, empty);
		require(false);
	}
	require(execve("/nonexistent", argv, empty) == -1 && errno == ENOENT);
	gate_tell(&execed);
	require(waitpid(pid, NULL, 0) == pid);
}

static void run_cloexec(void)
{
	opener_execs(SOCK_CLOEXEC, false);
}

static void run_through(void)
{
	opener_execs(0, false);
}

static void run_failed(void)
{
	opener_execs(SOCK_CLOEXEC, true);
}

#define MANY 2100

/* More descriptors than are asked about one by one: the program itself lets go of what has not
 * come.  cat gives a byte back, and so has started, before the child uses the connection. */
static void opener_of_many_execs(int connection_flags)
{
	char cat[] = "cat";
	char *const argv[] = {cat, NULL};
	struct rlimit limit;
	int input[2], output[2];
	char byte = 'x';
	int fd;
	pid_t pid;

	require(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	if (limit.rlim_max < MANY + 100)
		skip("a process may not have so many descriptors");
	limit.rlim_cur = MANY + 100;
	require(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	require(pipe2(input, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0);
	fd = peer_connect_only(SOCK_CLOEXEC);
	for (int i = 0; i < MANY; i++)
		require(fcntl(fd, F_DUPFD_CLOEXEC, 0) >= 0);
	fd = peer_connect_only(connection_flags);
	peer_ping(fd);
	pid = fork();
	require(pid >= 0);
	if (pid == 0) {
		require(raw_write(input[1], &byte, 1) == 1);
		require(raw_read(output[0], &byte, 1) == 1);
		peer_ping(fd);
		_exit(0);
	}
	require(dup2(input[0], STDIN_FILENO) == STDIN_FILENO);
	require(dup2(output[1], STDOUT_FILENO) == STDOUT_FILENO);
	raw_close(input[1]);
	execve("/bin/cat", argv, environ);
	require(false);
}

static void run_many_cloexec(void)
{
	opener_of_many_execs(SOCK_CLOEXEC);
}

static void run_many_through(void)
{
	opener_of_many_execs(0);
}

static void expect_silence(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, NULL) == 0);
}

static void expect_hazard(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "inherited-use") == 1);
}

/* --- a program that is started with us ---------------------------------------------------------
 */

static void start_again(int fd)
{
	subject_start_again("FORKSAN_TEST_FD", fd);
}

static void run_rejoin(void)
{
	const char *inherited = getenv("FORKSAN_TEST_FD");

	if (inherited != NULL)
		peer_ping(atoi(inherited));
	else
		siblings_use(start_again);
}

/* So many that the program looks for them by an index of the session's connections. */
#define WITH_INDEX 40

static void run_rejoin_with_many(void)
{
	for (int i = 0; i < WITH_INDEX && getenv("FORKSAN_TEST_FD") == NULL; i++)
		peer_connect_only(0);
	run_rejoin();
}

static void expect_rejoined(const struct log *log, const struct entry_case *self)
{
	expect_shared_use(log, self);
	expect(log_counter(log, "execs") == 1);
}

/* --- a program that was started before its starter's use
 * ------------------------------------------
 */

/* The program cannot know of what its starter does once it has been started. */
static void starter_goes_on(pid_t (*start)(char *const argv[]))
{
	static char number[16], line[64];
	char *argv[4] = {NULL};
	const char *inherited = getenv("FORKSAN_TEST_FD"), *waits = getenv("FORKSAN_TEST_GATE");
	struct gate gate;
	pid_t pid;
	int fd;

	if (inherited != NULL) {
		gate.ends[0] = atoi(waits);
		gate.ends[1] = -1;
		gate_wait(&gate);
		peer_ping(atoi(inherited));
		return;
	}
	fd = peer_connect();
	gate_init(&gate);
	require(fcntl(fd, F_SETFD, 0) == 0 && fcntl(gate.ends[0], F_SETFD, 0) == 0);
	snprintf(number, sizeof(number), "%d", fd);
	setenv("FORKSAN_TEST_FD", number, 1);
	snprintf(number, sizeof(number), "%d", gate.ends[0]);
	setenv("FORKSAN_TEST_GATE", number, 1);
	subject_arguments(argv, line, sizeof(line));
	pid = start(argv);
	peer_ping(fd);
	gate_tell(&gate);
	wait_for(pid);
}

static pid_t start_by_spawn(char *const argv[])
{
	pid_t pid;

	require(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) == 0);
	return pid;
}

static pid_t start_by_vfork(char *const argv[])
{
	pid_t pid = vfork();

	if (pid == 0) {
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	return pid;
}

static void run_spawned_before(void)
{
	starter_goes_on(start_by_spawn);
}

static void run_vforked_before(void)
{
	starter_goes_on(start_by_vfork);
}

static void expect_used_by_program(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "shared-use") == 1);
	expect(log_count(log, NULL) == 1);
	expect(log_string(log, "shared-use", 0, "other.relation") != NULL &&
	       strcmp(log_string(log, "shared-use", 0, "other.relation"), "parent") == 0);
}

/* --- long argument lists ------------------------------------------------------------------------
 */

#define TEN "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"
#define HUNDRED TEN, TEN, TEN, TEN, TEN, TEN, TEN, TEN, TEN, TEN

static void echo_many(int fd)
{
	(void)fd;
	execl("/bin/echo", "echo", HUNDRED, "end", (char *)NULL);
}

static void run_long_list(void)
{
	run_child(echo_many, -1);
}

/* --- bad pointers ------------------------------------------------------------------------- */

/* LD_PRELOAD's value has no end before its page has. */
static void run_off_the_page(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *const environment[] = {pages, NULL};
	char *const nowhere[] = {(char *)page, NULL};
	char *const *unmapped = (char *const *)(pages + page);

	require(pages != MAP_FAILED && munmap(pages + page, page) == 0);
	memset(pages, 'x', page);
	memcpy(pages, "LD_PRELOAD=", 11);
	require(execve(TRUE_PATH, arguments, environment) == -1 && errno == EFAULT);
	require(execve(TRUE_PATH, arguments, nowhere) == -1 && errno == EFAULT);
	require(execve(TRUE_PATH, arguments, unmapped) == -1 && errno == EFAULT);
	require(execve((const char *)page, arguments, empty) == -1 && errno == EFAULT);
}

#define CASE(line)                                                                                 \
	{                                                                                          \
		.entry = #line, .name = "a program without us is counted", .run = run_##line,      \
		.check = expect_unseen                                                             \
	}

/* --- programs that libc starts ------------------------------------------------------------------
 */

/* The program looks for its parent: this process, which has no connection, is in a session before.
 */
static void expect_joined(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "processes") >= 1);
}

static void run_system(void)
{
	require(system("exit 3") == 3 << 8);
}

static void run_popen(void)
{
	FILE *stream = popen("exit 3", "r");

	require(stream && pclose(stream) == 3 << 8);
}

static void run_vfork(void)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0)
		_exit(3);
	require(pid > 0 && waitpid(pid, &status, 0) == pid && status == 3 << 8);
}

static const struct entry_case cases[] = {
	{.entry = "system",
	 .name = "joins the session before",
	 .run = run_system,
	 .check = expect_joined},
	{.entry = "popen",
	 .name = "joins the session before",
	 .run = run_popen,
	 .check = expect_joined},
	{.entry = "vfork",
	 .name = "joins the session before",
	 .run = run_vfork,
	 .check = expect_joined},
	CASE(execve),
	CASE(execvpe),
	CASE(fexecve),
	CASE(execveat),
	CASE(execle),
	CASE(execv),
	CASE(execvp),
	CASE(execl),
	CASE(execlp),
	{.entry = "execve",
	 .name = "what close-on-exec closes is held no more",
	 .run = run_cloexec,
	 .check = expect_silence},
	{.name = "what comes through exec is still held",
	 .run = run_through,
	 .check = expect_hazard},
	{.name = "of many, what close-on-exec closes is held no more",
	 .run = run_many_cloexec,
	 .check = expect_silence},
	{.name = "of many, what comes through exec is still held",
	 .run = run_many_through,
	 .check = expect_hazard},
	{.name = "an exec that fails changes nothing", .run = run_failed, .check = expect_hazard},
	{.name = "a program with us goes on in the session",
	 .run = run_rejoin,
	 .check = expect_rejoined,
	 .operation = "send"},
	{.name = "a program of posix_spawn() knows nothing of its starter's later uses",
	 .run = run_spawned_before,
	 .check = expect_used_by_program},
	{.name = "nor does one of vfork()",
	 .run = run_vforked_before,
	 .check = expect_used_by_program},
	{.name = "a program with us goes on with each of many connections",
	 .run = run_rejoin_with_many,
	 .check = expect_rejoined,
	 .operation = "send"},
	{.name = "long argument lists arrive", .run = run_long_list},
	{.entry = "posix_spawn",
	 .name = "a program without us is counted",
	 .run = run_posix_spawn,
	 .check = expect_unseen},
	{.entry = "posix_spawnp",
	 .name = "a program without us is counted",
	 .run = run_posix_spawnp,
	 .check = expect_unseen},
	{.name = "an environment that runs off its page is refused", .run = run_off_the_page},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
