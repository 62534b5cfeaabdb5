/* SPDX-License-Identifier: MIT */
/*
 * Finds libc's functions.
 *
 * Not with dlsym().  dlsym() allocates when a name is missing (for dlerror()), and an allocator
 * that is preloaded too may then read a configuration file, through forksan's wrappers, before
 * libc's read() is known (jemalloc#443, libfaketime#365).  Up to glibc 2.33 dlsym() is not in libc
 * but in libdl.  For all names dlsym() took 64 700 instructions of the 297 000 of /bin/true's whole
 * life (callgrind).  Instead the objects behind this library are asked for all names in one walk,
 * in the loader's order, as dlsym(RTLD_NEXT) does name by name: 23 800 instructions.
 */
#include "entry/real.h"

#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <string.h>

#include "base/sys.h"
#include "entry/loaded.h"
#include "process/fdtable.h"
#include "process/process.h"
#include "stack/stack.h"
#include "track/track.h"

FORKSAN_AT_START struct real real;

/* `used`: link-time optimization does not see the assembly that reads these pointers. */
__attribute__((used)) FORKSAN_AT_START long (*real_syscall)(long number, ...);
__attribute__((used)) FORKSAN_AT_START pid_t (*real_vfork)(void);
__attribute__((used)) FORKSAN_AT_START void *(*real_dlopen)(const char *file, int flags);
__attribute__((used))
FORKSAN_AT_START void *(*real_dlmopen)(Lmid_t name_space, const char *file, int flags);

/* In the order of struct real, each with a NUL. */
static const char names[] =
#define ENTRY(name, family, policy, presence) #name "\0"
#define ALIAS(name, of, family)
#include "entries.def"
#undef ENTRY
#undef ALIAS
	;

enum { NAME_COUNT = sizeof(struct real) / sizeof(void *) };

/* Stands in for a function that this libc lacks and that has a wrapper all the same: musl has no
 * __read_chk().  Only a program that asks dlsym() for the name comes here. */
static long absent(void)
{
	errno = ENOSYS;
	return -1;
}

static void *absent_dlmopen(Lmid_t name_space, const char *file, int flags)
{
	(void)name_space;
	(void)file;
	(void)flags;
	return NULL;
}

/* What is called or read by pointer and has no wrapper. */
enum other {
	OTHER_GETSPECIFIC,
	OTHER_SETSPECIFIC,
	OTHER_KEY_CREATE,
	OTHER_SINGLE_THREADED,
	OTHER_COUNT
};
static const char *const other_names[OTHER_COUNT] = {
	[OTHER_GETSPECIFIC] = "pthread_getspecific",
	[OTHER_SETSPECIFIC] = "pthread_setspecific",
	[OTHER_KEY_CREATE] = "pthread_key_create",
	[OTHER_SINGLE_THREADED] = "__libc_single_threaded",
};

/* A pointer to any function.  One function pointer is as large as an object pointer on every POSIX
 * system (dlsym(3p), RATIONALE). */
typedef void *any __attribute__((may_alias));

/* Whole: another thread may be about to call the function.  Not memcpy(), which stores bytes. */
static void set(void *pointer, void *function)
{
	__atomic_store_n((any *)pointer, function, __ATOMIC_RELEASE);
}

static any *member(unsigned i)
{
	return (any *)&real + i;
}

/* Small: the first call of a function may come from a signal handler, on little stack. */
struct search {
	bool behind_us; /* this library has come in the loader's list */
	void *others[OTHER_COUNT];
};

static int visit(struct dl_phdr_info *info, size_t size, void *data)
{
	struct search *search = data;
	struct loaded object;
	const char *name = names;

	(void)size;
	if (!loaded_read(&object, info))
		return 0;
	if (!search->behind_us) {
		search->behind_us = loaded_is_ours(&object);
		return 0;
	}
	for (unsigned i = 0; i < NAME_COUNT; i++, name += strlen(name) + 1)
		if (!*member(i))
			set(member(i), loaded_find(&object, name, loaded_hash(name)));
	for (unsigned i = 0; i < OTHER_COUNT; i++)
		if (!search->others[i])
			search->others[i] =
				loaded_find(&object, other_names[i], loaded_hash(other_names[i]));
	return 0;
}

/* A name that begins with __ comes with libc or never. */
static void fill_gaps(void)
{
	long (*function)(void) = absent;
	const char *name = names;

	for (unsigned i = 0; i < NAME_COUNT; i++, name += strlen(name) + 1)
		if (!*member(i) && name[0] == '_' && name[1] == '_')
			set(member(i), *(any *)&function);
}

/* Nothing is guarded: a second thread, or a signal handler that interrupts the walk, walks too and
 * stores the same pointers. */
void real_resolve(void)
{
	struct search search = {0};

	/* Up to glibc 2.33 dlopen() is in libdl and forkpty() in libutil, which a program may load
	 * later. */
	if (load_acquire(&fdtable_limit) != 0 && real.dlopen && real.forkpty)
		return;
	dl_iterate_phdr(visit, &search);
	fill_gaps();
	set(&stack_getspecific, search.others[OTHER_GETSPECIFIC]);
	set(&thread_end_set, search.others[OTHER_SETSPECIFIC]);
	set(&thread_end_create, search.others[OTHER_KEY_CREATE]);
	process_single_threaded = search.others[OTHER_SINGLE_THREADED];
	real_syscall = real.syscall;
	real_vfork = real.vfork;
	real_dlopen = real.dlopen;
	real_dlmopen = real.dlmopen ? real.dlmopen : absent_dlmopen;
	fdtable_open();
}
