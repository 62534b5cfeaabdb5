/* SPDX-License-Identifier: MIT */
/*
 * Libraries to be preloaded beside ours, chosen when they are built:
 *
 *	-DHOOK_MALLOC	 calloc() and malloc() that read a file by open() and read() whenever they
 *are called, as allocators read their configuration in dlsym()'s calloc -DHOOK_EARLY	 a
 *constructor that uses sockets before ours has run, and a destructor that does so after ours
 *	-DHOOK_SAME	 wrappers of the functions that we wrap, which count their calls
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef HOOK_MALLOC
static _Alignas(16) char arena[64 << 20];
static _Atomic size_t used;
static _Thread_local int depth;

static void read_configuration(void)
{
	char byte;
	int fd;

	if (depth++ == 0) {
		int saved_errno = errno;

		fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
		if (fd >= 0 && read(fd, &byte, 1) == 1)
			close(fd);
		errno = saved_errno;
	}
	depth--;
}

/* Never frees: a hook that is sure to work before everything else does. */
void *malloc(size_t size)
{
	size_t need = 16 + ((size + 15) & ~(size_t)15);
	size_t at = used;

	read_configuration();
	while (!__atomic_compare_exchange_n((size_t *)&used, &at, at + need, 0, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED))
		;
	if (at + need > sizeof arena) {
		errno = ENOMEM;
		return NULL;
	}
	*(size_t *)(void *)(arena + at) = size;
	return arena + at + 16;
}

void *calloc(size_t count, size_t size)
{
	return malloc(count * size); /* fresh memory of .bss is zero */
}

void *realloc(void *old, size_t size)
{
	char *fresh = malloc(size);
	size_t len;

	if (!fresh || !old)
		return fresh;
	len = *(size_t *)(void *)((char *)old - 16);
	for (size_t i = 0; i < len && i < size; i++)
		fresh[i] = ((char *)old)[i];
	return fresh;
}

void free(void *old)
{
	(void)old;
}
#endif

#ifdef HOOK_EARLY
static void talk(const char *when)
{
	char bytes[4] = {0};
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || write(pair[0], "abc", 3) != 3 ||
	    recv(pair[1], bytes, 3, 0) != 3 || send(pair[1], "d", 1, 0) != 1 ||
	    dup2(pair[0], pair[1]) != pair[1] || close(pair[0]) != 0 || close(pair[1]) != 0 ||
	    close(pair[1]) != -1 || errno != EBADF)
		dprintf(1, "%s: it does not work\n", when);
	else
		dprintf(1, "%s: %s\n", when, bytes);
}

__attribute__((constructor(101))) static void early(void)
{
	talk("early");
}

__attribute__((destructor(101))) static void late(void)
{
	talk("late");
}
#endif

#ifdef HOOK_SAME
static _Atomic unsigned long calls;

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	static ssize_t (*next)(int, const void *, size_t, int);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "send");
	calls++;
	return next(fd, bytes, len, flags);
}

ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
	static ssize_t (*next)(int, void *, size_t, int);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "recv");
	calls++;
	return next(fd, bytes, len, flags);
}

int close(int fd)
{
	static int (*next)(int);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "close");
	calls++;
	return next(fd);
}

__attribute__((destructor)) static void tell(void)
{
	dprintf(1, "wrapped calls: %s\n", calls > 20 ? "many" : "few");
}
#endif
