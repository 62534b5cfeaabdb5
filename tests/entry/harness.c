/* SPDX-License-Identifier: MIT */
/*
 * The driver: runs each case bare and preloaded, compares, reads the log.  See harness.h.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "peer.h"

/* For a subject and all its children; the runner has a limit for the whole program. */
#define LIMIT_SECONDS 40
#define OUTPUT_BYTES (256 * 1024)
#define SKIPPED 77

/* What a run came to. */
struct outcome {
	int status; /* exit status, or 128 + signal; -1: it took too long */
	char output[OUTPUT_BYTES];
};

static struct outcome bare;
static struct outcome preloaded;
static char directory[PATH_MAX];
static char log_path[PATH_MAX + 16];
static char shim[PATH_MAX + 64];
static bool failed; /* the case that is being judged */

void expect_failed(const char *file, int line, const char *condition)
{
	printf("  %s:%d: expected %s\n", file, line, condition);
	failed = true;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* FORKSAN_SHIM, else ../../libforksan.so seen from this program. */
static void find_shim(void)
{
	const char *given = getenv("FORKSAN_SHIM");
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (len < 0)
		die("/proc/self/exe");
	self[len] = '\0';
	if (given != NULL)
		snprintf(shim, sizeof(shim), "%s", given);
	else
		snprintf(shim, sizeof(shim), "%s/../../libforksan.so", dirname(self));
	if (access(shim, R_OK) < 0)
		die(shim);
}

static void make_directory(void)
{
	const char *parent = getenv("TMPDIR");

	snprintf(directory, sizeof(directory), "%s/forksan-entry-XXXXXX",
		 parent != NULL ? parent : "/tmp");
	if (mkdtemp(directory) == NULL)
		die(directory);
	snprintf(log_path, sizeof(log_path), "%s/log", directory);
}

/* Appends a library to the list: a plugin by its name, others as they are. */
static void add_library(char *list, size_t size, const char *library)
{
	size_t len = strlen(list);

	if (library == NULL)
		return;
	if (strchr(library, '.') == NULL)
		library = plugin_path(library);
	snprintf(list + len, size - len, "%s%s", len > 0 ? ":" : "", library);
}

static void set_environment(const struct entry_case *entry_case, bool with_shim)
{
	char libraries[4 * PATH_MAX] = "";
	char options[2 * PATH_MAX];

	add_library(libraries, sizeof(libraries), entry_case->before);
	add_library(libraries, sizeof(libraries), with_shim ? shim : NULL);
	add_library(libraries, sizeof(libraries), entry_case->after);
	if (libraries[0] != '\0')
		setenv("LD_PRELOAD", libraries, 1);
	if (with_shim) {
		snprintf(options, sizeof(options), "log_path=%s%s", log_path,
			 entry_case->options != NULL ? entry_case->options : "");
		setenv("FORKSAN_OPTIONS", options, 1);
	}
}

/* The subject: a process group of its own, nothing inherited but its output. */
static void start(const struct entry_case *entry_case, size_t index, bool with_shim, int output)
{
	const struct rlimit no_core = {0, 0};
	const char *subject = getenv("FORKSAN_SUBJECT");
	char number[24];
	char *argv[] = {(char *)(uintptr_t) "subject", (char *)(uintptr_t) "--run", number, NULL};

	snprintf(number, sizeof(number), "%zu", index);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(output, STDOUT_FILENO);
	setrlimit(RLIMIT_CORE, &no_core);
	set_environment(entry_case, with_shim);
	execv(subject != NULL ? subject : "/proc/self/exe", argv);
	_exit(126);
}

static int milliseconds_left(const struct timespec *deadline)
{
	struct timespec now;
	long left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (deadline->tv_sec - now.tv_sec) * 1000 + (deadline->tv_nsec - now.tv_nsec) / 1000000;
	return left > 0 ? (int)left : 0;
}

/* Reads until every process that holds the other end has gone.  False: time is up. */
static bool read_output(int fd, struct outcome *outcome)
{
	struct timespec deadline;
	size_t len = 0;

	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += LIMIT_SECONDS;
	for (;;) {
		struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
		ssize_t got;

		if (poll(&poll_fd, 1, milliseconds_left(&deadline)) == 0)
			return false;
		got = read(fd, outcome->output + len, OUTPUT_BYTES - 1 - len);
		if (got <= 0)
			break;
		len += (size_t)got;
		outcome->output[len] = '\0';
	}
	return true;
}

static void run(const struct entry_case *entry_case, size_t index, bool with_shim,
		struct outcome *outcome)
{
	int ends[2];
	pid_t pid;
	int status;
	bool in_time;

	outcome->output[0] = '\0';
	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) < 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		start(entry_case, index, with_shim, ends[1]);
	close(ends[1]);
	in_time = read_output(ends[0], outcome);
	close(ends[0]);
	if (!in_time)
		kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	outcome->status = !in_time		? -1
			  : WIFSIGNALED(status) ? 128 + WTERMSIG(status)
						: WEXITSTATUS(status);
}

static void print_outcome(const char *name, const struct outcome *outcome)
{
	printf("  %s: status %d, output:\n%s", name, outcome->status, outcome->output);
}

static void judge(const struct entry_case *entry_case)
{
	struct log *log = log_read(log_path, preloaded.output);

	failed = log == NULL;
	expect(bare.status == entry_case->exit_status);
	expect(preloaded.status == entry_case->exit_status);
	if (!entry_case->differs)
		expect(strcmp(bare.output, preloaded.output) == 0);
	expect(!peer_got_stray_bytes());
	if (log != NULL && !failed && entry_case->check != NULL)
		entry_case->check(log, entry_case);
	if (failed) {
		print_outcome("bare", &bare);
		print_outcome("preloaded", &preloaded);
		if (log != NULL)
			log_print(log);
	}
	if (log != NULL)
		log_free(log);
}

enum verdict { PASSED, FAILED, SKIP };

static enum verdict run_case(const struct entry_case *entry_case, size_t index)
{
	unlink(log_path);
	run(entry_case, index, false, &bare);
	if (bare.status == SKIPPED) {
		printf("skip %s: %s", entry_case->name, bare.output);
		return SKIP;
	}
	run(entry_case, index, true, &preloaded);
	judge(entry_case);
	printf("%s %s%s%s\n", failed ? "FAIL" : "ok  ",
	       entry_case->entry != NULL ? entry_case->entry : "",
	       entry_case->entry != NULL ? ": " : "", entry_case->name);
	return failed ? FAILED : PASSED;
}

static int run_subject(const struct entry_case cases[], size_t count, const char *number)
{
	size_t index = strtoul(number, NULL, 10);

	if (index >= count)
		return 126;
	alarm(LIMIT_SECONDS);
	cases[index].run();
	return 0;
}

static bool is_wanted(const struct entry_case *entry_case, const char *wanted)
{
	return wanted == NULL ||
	       (entry_case->entry != NULL && strcmp(entry_case->entry, wanted) == 0);
}

int entry_main(int argc, char **argv, const struct entry_case cases[], size_t count)
{
	const char *wanted = argc > 1 ? argv[1] : NULL;
	unsigned counts[3] = {0};

	if (argc == 3 && strcmp(argv[1], "--run") == 0)
		return run_subject(cases, count, argv[2]);
	if (wanted != NULL && strcmp(wanted, "--list") == 0) {
		for (size_t i = 0; i < count; i++)
			printf("%s %s\n", cases[i].entry != NULL ? cases[i].entry : "-",
			       cases[i].name);
		return 0;
	}
	unsetenv("LD_PRELOAD");
	unsetenv("FORKSAN_OPTIONS");
	find_shim();
	make_directory();
	peer_start();
	for (size_t i = 0; i < count; i++)
		if (is_wanted(&cases[i], wanted))
			counts[run_case(&cases[i], i)]++;
	unlink(log_path);
	rmdir(directory);
	if (counts[FAILED] > 0)
		return 1;
	return counts[PASSED] > 0 ? 0 : SKIPPED;
}

/* --- checks that cases share ----------------------------------------------------------------- */

static bool is_named(const char *found, const struct entry_case *self)
{
	const char *name = self->operation != NULL ? self->operation : self->entry;

	return found != NULL && strcmp(found, name) == 0;
}

void expect_shared_use(const struct log *log, const struct entry_case *self)
{
	static const char kind[] = "shared-use";

	expect(log_count(log, kind) == 1);
	expect(is_named(log_string(log, kind, 0, "operation.call"), self));
	expect(log_integer(log, kind, 0, "operation.bytes") > 0);
	expect(log_integer(log, kind, 0, "pid") != log_integer(log, kind, 0, "other.pid"));
	expect(log_integer(log, kind, 0, "ppid") ==
	       log_integer(log, kind, 0, "connection.opened_by"));
	expect(log_string(log, kind, 0, "connection.protocol") != NULL &&
	       strcmp(log_string(log, kind, 0, "connection.protocol"), "Redis") == 0);
	expect(log_string(log, kind, 0, "other.relation") != NULL &&
	       strcmp(log_string(log, kind, 0, "other.relation"), "sibling") == 0);
}

void expect_open_at_fork(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "open-at-fork") == 1);
	expect(log_count(log, NULL) == 1);
}

void expect_nothing(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, NULL) == 0);
	expect(log_counter(log, "connections_watched") > 0);
}
