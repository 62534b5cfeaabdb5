#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Hosts that make it hard to be their guest: each does the same with us as without, from its first
connection on, at which a process joins its session."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import forksan_log  # noqa: E402

COMMON = r"""
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int port;

static void serve(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);

	syscall(SYS_bind, fd, &at, len);
	syscall(SYS_listen, fd, 512);
	syscall(SYS_getsockname, fd, &at, &len);
	port = ntohs(at.sin_port);
}

static int talk(int fd)
{
	return fd >= 0 && send(fd, "*1\r\n$4\r\nPING\r\n", 14, MSG_NOSIGNAL) == 14;
}

static int meet(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? fd : -1;
}

static int child_talks(int fd)
{
	int status;

	if (fork() == 0)
		_exit(talk(fd) ? 7 : 8);
	return wait(&status) > 0 && WEXITSTATUS(status) == 7;
}
"""

HOSTS = {
    "no descriptor is free": r"""
int main(void)
{
	struct rlimit few = {5, 5};
	int fd;

	serve();
	setrlimit(RLIMIT_NOFILE, &few);
	fd = meet();
	return !talk(fd) || !child_talks(fd);
}
""",
    "another thread writes to closed standard descriptors": r"""
static void *chatter(void *unused)
{
	for (int i = 0; i < 20000; i++)
		if (write(1, "chatter chatter chatter\n", 24) > 0 && i < 0)
			break;
	return unused;
}

int main(void)
{
	pthread_t thread;
	int fd;

	serve();
	for (fd = 0; fd < 3; fd++)
		close(fd);
	pthread_create(&thread, NULL, chatter, NULL);
	fd = meet();
	pthread_join(thread, NULL);
	return !talk(fd) || !child_talks(fd);
}
""",
    "another thread puts a file over every number": r"""
static volatile int over;

static void *storm(void *victim)
{
	int file = open(victim, O_RDWR);

	while (!over) {
		for (int fd = 10; fd < 30; fd++)
			dup2(file, fd);
		for (int fd = 10; fd < 30; fd++)
			close(fd);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	struct stat stat_buffer;
	int fd;

	serve();
	for (fd = 0; fd < 9;)
		fd = dup(0);
	pthread_create(&thread, NULL, storm, argv[argc - 1]);
	fd = meet();
	over = 1;
	pthread_join(thread, NULL);
	return stat(argv[argc - 1], &stat_buffer) != 0 || stat_buffer.st_size != 7;
}
""",
    "a first connection on 8 KiB of signal stack": r"""
static int done;

static void handle(int number)
{
	(void)number;
	done = talk(meet());
}

int main(void)
{
	char *pages = mmap(NULL, 16384, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {.ss_sp = pages + 4096, .ss_size = 8192};
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};

	serve();
	mprotect(pages + 4096, 8192, PROT_READ | PROT_WRITE);
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &action, NULL);
	raise(SIGUSR1);
	return !done;
}
""",
    "a storm of handlers that connect": r"""
static int handled;

static void handle(int number)
{
	int saved_errno = errno, fd = handled++ < 40 ? meet() : -1;

	(void)number;
	if (fd >= 0 && talk(fd))
		close(fd);
	errno = saved_errno;
}

int main(void)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART | SA_NODEFER};
	struct itimerval often = {{0, 200}, {0, 50}}, never = {{0, 0}, {0, 0}};
	int talked = 0;

	serve();
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 40; i++) {
		int fd = meet();

		talked += talk(fd);
		close(fd);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	return talked != 40;
}
""",
    "threads that call their first functions at the same time": r"""
#include <poll.h>
#include <spawn.h>

extern char **environ;
static int ready, file;

static void *call(void *number)
{
	char byte = 'x';

	__atomic_add_fetch(&ready, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < 4)
		;
	switch ((long)number) {
	case 0:
		return (void *)(long)(write(file, &byte, 1) != 1);
	case 1:
		return (void *)(long)(syscall(SYS_getpid) < 1);
	case 2:
		return (void *)(long)(poll(NULL, 0, 0) != 0);
	default:
		return (void *)(long)(dlopen(NULL, RTLD_NOW) == NULL);
	}
}

/* A program of its own for each try: in it nobody has called anything yet. */
static int try_once(const char *path)
{
	pthread_t threads[4];
	long failed = 0;

	file = open(path, O_WRONLY);
	for (long i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, call, (void *)i);
	for (int i = 0; i < 4; i++) {
		void *result;

		pthread_join(threads[i], &result);
		failed += (long)result;
	}
	return failed != 0;
}

int main(int argc, char **argv)
{
	char *again[] = {argv[0], "again", "/dev/null", NULL};

	if (argc == 3)
		return try_once(argv[2]);
	for (int i = 0; i < 100; i++) {
		pid_t pid;
		int status;

		if (posix_spawn(&pid, argv[0], NULL, NULL, again, environ) != 0 ||
		    waitpid(pid, &status, 0) != pid || status != 0)
			return 1;
	}
	return 0;
}
""",
}

# A library whose first connection is made after our end.
LATE = r"""
static __attribute__((destructor)) void late(void)
{
	serve();
	child_talks(meet());
}
"""

# Opens the library itself: it must not go while libc has its handlers of forks.
OPENS = r"""
int main(int argc, char **argv)
{
	for (int i = 0; i < 3; i++) {
		void *handle = dlopen(argv[argc - 1], RTLD_NOW);
		int status;

		if (handle == NULL || dlclose(handle) != 0)
			return 1;
		if (fork() == 0)
			_exit(0);
		if (wait(&status) < 0 || status != 0)
			return 2;
	}
	return 0;
}
"""


def compile_c(directory, name, text, *flags):
    path = os.path.join(directory, name)
    with open(path + ".c", "w", encoding="ascii") as source:
        source.write(COMMON + text)
    subprocess.run([os.environ.get("CC", "cc"), "-w", "-D_GNU_SOURCE", "-o", path, path + ".c",
                    *flags, "-lpthread", "-ldl"], check=True)
    return path


def registries():
    directory = f"/dev/shm/forksan-{os.getuid()}"
    return set(os.listdir(directory)) if os.path.isdir(directory) else set()


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as directory:
        log = os.path.join(directory, "log")
        victim = os.path.join(directory, "victim")
        for number, (what, text) in enumerate(HOSTS.items()):
            program = compile_c(directory, f"host{number}", text)
            status = []
            for environment in (forksan_log.bare_env(), forksan_log.forksan_env(log)):
                with open(victim, "w", encoding="ascii") as out:
                    out.write("victim\n")
                status.append(subprocess.run([program, victim], env=environment, check=False,
                                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                             stderr=subprocess.DEVNULL, timeout=60).returncode)
            if status != [0, 0]:
                failures += 1
                print(f"FAILED: {what}: bare {status[0]}, with us {status[1]}")
        late = compile_c(directory, "late.so", LATE, "-shared", "-fPIC")
        environment = forksan_log.forksan_env(log)
        environment["LD_PRELOAD"] += ":" + late
        subprocess.run(["/bin/true"], env=environment, check=True, timeout=60)
        with open(log, encoding="utf-8") as lines:
            text = lines.read()
        left = {name for name in registries() if f'"session":"{name}"' in text}
        if left:
            failures += 1
            print("FAILED: registries stay:", left)
        program = compile_c(directory, "opens", OPENS)
        status = subprocess.run([program, forksan_log.SHIM], env=forksan_log.bare_env(),
                                check=False, timeout=60).returncode
        if status != 0:
            failures += 1
            print(f"FAILED: the library is opened and closed: {status}")
    print(f"{failures} failures" if failures else "ok")
    sys.exit(1 if failures else 0)


main()
