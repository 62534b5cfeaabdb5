/* SPDX-License-Identifier: MIT */
/*
 * The least that a tool under the lineage rule adds to a fork, for the table's column "least":
 * below it no such tool can go, however it is written.
 *
 *  - A library of its own, as an empty one.
 *  - A page that forks wipe, and that the child writes: by it a vfork child, which shares the page,
 *    is told from a child of its own memory, and a raw clone() is noticed.
 *  - Memory that all processes share, in which the parent announces the child and the child marks
 * its end.  Nothing is looked up, no clock read, no stack taken.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define SHARED_BYTES (1 << 20)

static struct {
	_Alignas(PAGE_BYTES) volatile pid_t pid;
	char rest[PAGE_BYTES - sizeof(pid_t)];
} wiped;
static volatile int *shared;
static pid_t (*real_fork)(void);

__attribute__((constructor)) static void start(void)
{
	char name[] = "/dev/shm/forksan-bench-XXXXXX";
	int fd = mkstemp(name);

	if (fd < 0 || unlink(name) != 0 || ftruncate(fd, SHARED_BYTES) != 0)
		abort();
	shared = mmap(NULL, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED || madvise(&wiped, sizeof wiped, MADV_WIPEONFORK) != 0)
		abort();
	close(fd);
	real_fork = (pid_t(*)(void))(size_t)dlsym(RTLD_NEXT, "fork");
}

pid_t fork(void)
{
	pid_t pid;

	shared[0] = 1;
	pid = real_fork();
	if (pid == 0) {
		wiped.pid = getpid();
		shared[1] = 1;
	}
	return pid;
}
