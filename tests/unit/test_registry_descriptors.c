/* SPDX-License-Identifier: MIT */
/*
 * shim/registry/file.c: between two of its calls a signal handler or another thread of the host
 * closes its descriptor, and opens a file of the host's under the number.  That file stays as it
 * is, and open.  A seccomp filter raises SIGSYS in place of one of the calls; the handler does what
 * the host would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include "registry/parts.h"

#define NUMBERS 64
#define HOSTS_BYTES 5
#define NO_SECCOMP 77

struct scenario {
	int call;	  /* the first such call loses a descriptor */
	const char *link; /* to what; the last one of those */
	int refused;	  /* 0, or a call that fails */
	const char *session;
};

static const struct scenario *now;
static int hosts_fd, taken_fd = -1;

/* Puts the host's file under the number of a descriptor. */
static void take_number(void)
{
	char path[64], text[64] = "";

	for (int fd = NUMBERS; fd > 2 && taken_fd < 0; fd--) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		if (readlink(path, text, sizeof text) < 0 ||
		    memcmp(text, now->link, strlen(now->link)) != 0)
			continue;
		taken_fd = fd;
		dup2(hosts_fd, fd);
	}
}

static void on_call(int number, siginfo_t *info, void *context)
{
	ucontext_t *registers = context;
	int result = info->si_syscall == now->refused ? -ENOSPC : 0;

	(void)number;
	if (info->si_syscall == now->call)
		take_number();
#if defined(__x86_64__)
	registers->uc_mcontext.gregs[REG_RAX] = result;
#else
	registers->uc_mcontext.regs[0] = (unsigned long long)result;
#endif
}

static void trap_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)now->call, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			 (uint32_t)(now->refused ? now->refused : now->call), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof code[0], code};
	struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO};

	sigaction(SIGSYS, &action, NULL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(NO_SECCOMP);
}

/* The number was taken, is still the host's, and the file as it was. */
static bool is_untouched(void)
{
	struct stat hosts, under_number;

	return taken_fd >= 0 && fstat(hosts_fd, &hosts) == 0 &&
	       fstat(taken_fd, &under_number) == 0 && hosts.st_ino == under_number.st_ino &&
	       hosts.st_dev == under_number.st_dev && hosts.st_size == HOSTS_BYTES;
}

/* Joins in a process of its own, which loses a descriptor when it makes the call. */
static void require_that_the_hosts_file_stays(const struct scenario *scenario)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		bool created, untouched;

		now = scenario;
		hosts_fd = memfd_create("host", 0);
		if (hosts_fd < 0 || write(hosts_fd, "bytes", HOSTS_BYTES) != HOSTS_BYTES)
			_exit(2);
		registry_unmap();
		trap_calls();
		(void)registry_join(now->session, REGISTRY_FIND_OR_BEGIN, getpid(), 0, &created);
		untouched = is_untouched();
		if (created)
			registry_unlink();
		_exit(untouched ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_SECCOMP)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static char directory[64], file[sizeof directory + 1];

static void a_registry_in_the_making(void **state)
{
	(void)state;
	require_that_the_hosts_file_stays(&(struct scenario){SYS_truncate, file, 0, ""});
}

/* When its parts are mapped the kernel is advised about them. */
static void a_registry_that_is_made_and_mapped(void **state)
{
	(void)state;
	require_that_the_hosts_file_stays(&(struct scenario){SYS_madvise, file, 0, ""});
}

static void a_registry_that_is_joined(void **state)
{
	(void)state;
	require_that_the_hosts_file_stays(
		&(struct scenario){SYS_madvise, file, 0, registry_session()});
}

static void the_directory(void **state)
{
	(void)state;
	require_that_the_hosts_file_stays(&(struct scenario){SYS_getdents64, directory, 0, ""});
}

static void a_nameless_registry(void **state)
{
	(void)state;
	require_that_the_hosts_file_stays(
		&(struct scenario){SYS_ftruncate, "/memfd:forksan", SYS_truncate, ""});
}

static int join(void **state)
{
	bool created;

	(void)state;
	snprintf(directory, sizeof directory, "/dev/shm/forksan-%u", geteuid());
	snprintf(file, sizeof file, "%s/", directory);
	return registry_join("", REGISTRY_FIND_OR_BEGIN, getpid(), 0, &created);
}

static int leave(void **state)
{
	(void)state;
	registry_unlink();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_registry_in_the_making),
		cmocka_unit_test(a_registry_that_is_made_and_mapped),
		cmocka_unit_test(a_registry_that_is_joined),
		cmocka_unit_test(the_directory),
		cmocka_unit_test(a_nameless_registry),
	};

	return cmocka_run_group_tests(tests, join, leave);
}
