/* SPDX-License-Identifier: MIT */
/*
 * An allocator as allocators in the field are: its first calloc() asks dlsym() for libc's, which
 * calls calloc() again, and it reads its configuration by read(), write() and close() meanwhile.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

void *calloc(size_t count, size_t size);

static void *(*real_calloc)(size_t count, size_t size);

/* What dlsym() gets before libc's calloc() is known.  Never freed: libc's free() is not asked to,
 * since dlerror()'s buffer lives as long as the thread. */
static void *early(size_t bytes)
{
	static char pool[65536] __attribute__((aligned(16)));
	static size_t used;
	size_t at = used;

	used += (bytes + 15) / 16 * 16;
	return used <= sizeof(pool) ? pool + at : NULL;
}

static void read_configuration(void)
{
	char byte;
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	(void)!read(fd, &byte, 1);
	(void)!write(fd, &byte, 1);
	close(fd);
}

void *calloc(size_t count, size_t size)
{
	static int inside;

	if (real_calloc == NULL && inside == 0) {
		void *found;

		inside = 1;
		read_configuration();
		found = dlsym(RTLD_NEXT, "calloc");
		memcpy(&real_calloc, &found, sizeof(found));
		(void)dlsym(RTLD_NEXT, "no_such_function");
		inside = 0;
	}
	return inside != 0 ? early(count * size) : real_calloc(count, size);
}
