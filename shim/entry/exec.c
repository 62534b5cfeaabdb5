/* SPDX-License-Identifier: MIT */
/*
 * Calls that replace the program.
 *
 * Before the call the others are told which connections will not come through (close-on-exec), and
 * after a call that failed, that they are held again.  In a vfork child nothing is told: memory and
 * registry entry are its parent's.  The environment is handed on as the caller made it; a program
 * that is started without us in it is counted.
 *
 * All are async-signal-safe, as execve() is.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "entry/real.h"
#include "base/sys.h"
#include "track/track.h"

extern char **environ;

FORKSAN_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	enum track_exec told = track_before_exec(envp);
	int result = REAL(execve)(path, argv, envp);

	track_exec_failed(told);
	return result;
}

FORKSAN_EXPORT int execv(const char *path, char *const argv[])
{
	enum track_exec told = track_before_exec(environ);
	int result = REAL(execv)(path, argv);

	track_exec_failed(told);
	return result;
}

FORKSAN_EXPORT int execvp(const char *file, char *const argv[])
{
	enum track_exec told = track_before_exec(environ);
	int result = REAL(execvp)(file, argv);

	track_exec_failed(told);
	return result;
}

FORKSAN_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	enum track_exec told = track_before_exec(envp);
	int result = REAL(execvpe)(file, argv, envp);

	track_exec_failed(told);
	return result;
}

FORKSAN_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	enum track_exec told = track_before_exec(envp);
	int result = REAL(fexecve)(fd, argv, envp);

	track_exec_failed(told);
	return result;
}

FORKSAN_EXPORT int execveat(int directory, const char *path, char *const argv[], char *const envp[],
			    int flags)
{
	enum track_exec told;
	int result;

	if (!REAL(execveat)) {
		errno = ENOSYS;
		return -1;
	}
	told = track_before_exec(envp);
	result = real.execveat(directory, path, argv, envp, flags);
	track_exec_failed(told);
	return result;
}

/* The argument list of execl() as an array.  Short ones stand on the stack, long ones in pages of
 * their own: a stack may be 16 KiB, and malloc() is no choice here.  Pages of a call that succeeds in
 * a vfork child stay mapped in its parent. */
#define SHORT_LIST 64

struct list {
	char **argv;
	size_t pages_bytes; /* 0: argv is `few` */
	char **envp;	    /* execle() only */
	char *few[SHORT_LIST];
};

static bool list_make(struct list *list, const char *first, va_list arguments, bool with_environment)
{
	va_list copy;
	size_t count = 1;

	va_copy(copy, arguments);
	for (const char *argument = first; argument; argument = va_arg(copy, const char *))
		count++;
	va_end(copy);
	list->argv = list->few;
	list->pages_bytes = 0;
	if (count > SHORT_LIST) {
		long pages;

		list->pages_bytes = count * sizeof(char *);
		pages = sys_mmap(NULL, list->pages_bytes, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (pages < 0 && pages > -4096) {
			errno = (int)-pages;
			return false;
		}
		list->argv = (char **)pages;
	}
	list->argv[0] = (char *)(uintptr_t)first;
	for (size_t i = 1; i < count; i++)
		list->argv[i] = va_arg(arguments, char *);
	list->envp = with_environment ? va_arg(arguments, char **) : environ;
	return true;
}

static void list_free(struct list *list)
{
	if (list->pages_bytes > 0)
		sys_munmap(list->argv, list->pages_bytes);
}

FORKSAN_EXPORT int execl(const char *path, const char *first, ...)
{
	struct list list;
	va_list arguments;
	bool made;
	int result;

	va_start(arguments, first);
	made = list_make(&list, first, arguments, false);
	va_end(arguments);
	if (!made)
		return -1;
	result = execve(path, list.argv, list.envp);
	list_free(&list);
	return result;
}

FORKSAN_EXPORT int execle(const char *path, const char *first, ...)
{
	struct list list;
	va_list arguments;
	bool made;
	int result;

	va_start(arguments, first);
	made = list_make(&list, first, arguments, true);
	va_end(arguments);
	if (!made)
		return -1;
	result = execve(path, list.argv, list.envp);
	list_free(&list);
	return result;
}

FORKSAN_EXPORT int execlp(const char *file, const char *first, ...)
{
	struct list list;
	va_list arguments;
	bool made;
	int result;

	va_start(arguments, first);
	made = list_make(&list, first, arguments, false);
	va_end(arguments);
	if (!made)
		return -1;
	result = execvp(file, list.argv);
	list_free(&list);
	return result;
}
