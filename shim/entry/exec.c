/* SPDX-License-Identifier: MIT */
/*
 * Calls that start a program, in this process's place or in a child's.
 *
 * Before the call the process announces in the registry which connections the call will close
 * (close-on-exec), and after a call that failed, that the process holds those connections again.  A
 * vfork child announces nothing: memory and registry entry are the parent's.
 *
 * A program that will run without this library is counted and named in the log: the environment
 * lacks the library, or the program cannot load the library (program.h).  A program that would not
 * start with the library (musl's loader) or would print a warning (another machine's) gets an
 * environment without the library, and so do the programs that such a program starts.  Any other
 * environment is handed on as the caller made it.
 *
 * A program that a vfork child execs, or that posix_spawn() starts, is announced: the program may
 * join the session later, when this process has ended.  system() and popen() start their shell
 * inside libc: the session is joined, and the shell looks for this process, its parent.
 *
 * All wrappers of exec are async-signal-safe, as execve() is.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/side_stack.h"
#include "base/sys.h"
#include "entry/init.h"
#include "entry/preload.h"
#include "entry/program.h"
#include "entry/real.h"
#include "registry/registry.h"
#include "stack/peek.h"
#include "track/blind.h"
#include "track/track.h"

extern char **environ;

enum way { EXECVE, EXECV, EXECVP, EXECVPE, FEXECVE, EXECVEAT, SPAWN, SPAWNP };

/* One of these calls with its arguments. */
struct launch {
	enum way way;
	int directory; /* execveat(); fexecve(): the file */
	int flags;     /* execveat() */
	const char *path;
	char *const *argv;
	char *const *envp; /* `environ` where the call takes no environment */
	pid_t *pid;	   /* posix_spawn() alone, like the fields below */
	const posix_spawn_file_actions_t *actions;
	const posix_spawnattr_t *attributes;
};

static int call(const struct launch *launch, char *const envp[])
{
	const char *path = launch->path;
	char *const *argv = launch->argv;

	switch (launch->way) {
	case EXECVE:
		return REAL(execve)(path, argv, envp);
	case EXECV:
		return envp == environ ? REAL(execv)(path, argv) : REAL(execve)(path, argv, envp);
	case EXECVP:
		return envp == environ ? REAL(execvp)(path, argv) : REAL(execvpe)(path, argv, envp);
	case EXECVPE:
		return REAL(execvpe)(path, argv, envp);
	case FEXECVE:
		return REAL(fexecve)(launch->directory, argv, envp);
	case EXECVEAT:
		return REAL(execveat)(launch->directory, path, argv, envp, launch->flags);
	case SPAWN:
		return REAL(posix_spawn)(launch->pid, path, launch->actions, launch->attributes,
					 argv, envp);
	case SPAWNP:
		return REAL(posix_spawnp)(launch->pid, path, launch->actions, launch->attributes,
					  argv, envp);
	}
	__builtin_unreachable();
}

static noinline int call_without_us(const struct launch *launch)
{
	struct preload_without without;
	int result;

	if (!preload_leave_out(&without, launch->envp))
		return call(launch, launch->envp);
	result = call(launch, without.envp);
	preload_free(&without);
	return result;
}

/* How the program will start. */
struct outlook {
	bool without_us; /* the program gets an environment without this library */
	bool has_us;	 /* the program will have this library and this session */
	bool is_counted;
	enum registry_counter counted; /* the counter, when is_counted */
};

/* A program that will run without this library or without this session. */
struct loss {
	struct outlook *outlook;
	const char *path;
	const char *why; /* NULL: there is no loss */
};

static void count_loss(void *argument)
{
	const struct loss *loss = argument;
	struct outlook *outlook = loss->outlook;
	char path[PROGRAM_PATH_BYTES];
	struct peek peek;
	size_t len;

	/* The path may be a bad pointer, which is the kernel's to refuse. */
	peek_init(&peek);
	if (!peek_string(&peek, (uintptr_t)loss->path, path, sizeof path, &len))
		path[0] = '\0';
	init_join();
	outlook->is_counted = blind_tell_program(outlook->counted, path, loss->why);
}

/* A crash handler that starts a debugger runs on few KiB, and to count a loss may be to begin a
 * session and write to a log: that takes a stack of forksan's own. */
static void tell_loss(struct loss *loss)
{
	if (!loss->why)
		return;
	side_stack_run(count_loss, loss);
}

/* Looks at the program's file, on the host's stack: nothing speaks for a stack of forksan's own but
 * its size, and that would take two system calls, since a handler of the host's must not run on it.
 * Not inlined: what is called before and after needs none of this stack. */
static noinline void look_at_program(const struct launch *launch, struct outlook *outlook)
{
	struct sys_users users = sys_users();
	struct program program;
	struct loss loss = {.outlook = outlook, .path = program.path};
	const char *path = launch->path;

	if (launch->way == EXECVP || launch->way == EXECVPE || launch->way == SPAWNP)
		path = program_search(&program, path);
	if (path)
		program_inspect(&program, users.real, launch->directory, path, launch->flags);
	outlook->without_us = program_needs_us_out(program.kind);
	loss.why = program_kind_text(program.kind);
	if (!loss.why && registry_get() && !registry_outlives_exec(users.effective)) {
		outlook->counted = LOST_SESSION;
		process_note_heir();
		loss.path = launch->path;
		loss.why = "cannot find this session";
	}
	outlook->has_us = !loss.why && program.kind == PROGRAM_LOADS_US;
	tell_loss(&loss);
}

/* Called before the real call.  Finds out whether the program will have this library and this
 * session, and counts a program that will not.  Makes no system call in a sandbox, since the
 * sandbox may kill the process for one. */
static struct outlook outlook_of(const struct launch *launch)
{
	struct outlook outlook = {.counted = LOST_EXEC_UNSEEN};

	if (process_is_sandboxed())
		return outlook;
	if (preload_has_us(launch->envp))
		look_at_program(launch, &outlook);
	else
		tell_loss(&(struct loss){&outlook, launch->path,
					 "is started without libforksan.so in LD_PRELOAD"});
	return outlook;
}

static int start(const struct launch *launch)
{
	bool replaces_us = launch->way != SPAWN && launch->way != SPAWNP;
	int saved_errno = errno;
	struct outlook outlook = outlook_of(launch);
	bool told = replaces_us && track_before_exec(outlook.has_us);
	struct serial announced = {0};
	int result;

	if (!replaces_us) {
		/* The program looks for its parent by pid, and this may be a new process's first
		 * act. */
		init_join();
		process_enter();
	} else if (!told && !outlook.is_counted && !process_is_sandboxed() &&
		   process_is_vfork_child()) {
		announced = process_announce_program((pid_t)sys_getpid());
	}
	errno = saved_errno;
	result = outlook.without_us ? call_without_us(launch) : call(launch, launch->envp);
	if (replaces_us || result != 0) {
		if (outlook.is_counted)
			registry_uncount(outlook.counted);
		if (outlook.counted == LOST_SESSION && replaces_us)
			process_has_no_heir();
		if (told)
			track_exec_failed();
		process_program_failed(announced);
	} else if (!outlook.is_counted) {
		process_announce_program(*launch->pid);
	}
	return result;
}

FORKSAN_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	return start(&(struct launch){
		.way = EXECVE, .directory = AT_FDCWD, .path = path, .argv = argv, .envp = envp});
}

FORKSAN_EXPORT int execv(const char *path, char *const argv[])
{
	return start(&(struct launch){
		.way = EXECV, .directory = AT_FDCWD, .path = path, .argv = argv, .envp = environ});
}

FORKSAN_EXPORT int execvp(const char *file, char *const argv[])
{
	return start(&(struct launch){
		.way = EXECVP, .directory = AT_FDCWD, .path = file, .argv = argv, .envp = environ});
}

FORKSAN_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	return start(&(struct launch){
		.way = EXECVPE, .directory = AT_FDCWD, .path = file, .argv = argv, .envp = envp});
}

FORKSAN_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	return start(&(struct launch){.way = FEXECVE,
				      .directory = fd,
				      .flags = AT_EMPTY_PATH,
				      .path = "",
				      .argv = argv,
				      .envp = envp});
}

FORKSAN_EXPORT int execveat(int directory, const char *path, char *const argv[], char *const envp[],
			    int flags)
{
	if (!REAL(execveat)) {
		errno = ENOSYS;
		return -1;
	}
	return start(&(struct launch){.way = EXECVEAT,
				      .directory = directory,
				      .flags = flags,
				      .path = path,
				      .argv = argv,
				      .envp = envp});
}

/* libc makes the child, with vfork's semantics; the child's program joins the session when its
 * constructor runs. */
FORKSAN_EXPORT int posix_spawn(pid_t *pid, const char *path,
			       const posix_spawn_file_actions_t *actions,
			       const posix_spawnattr_t *attributes, char *const argv[],
			       char *const envp[])
{
	pid_t own;

	return start(&(struct launch){SPAWN, AT_FDCWD, 0, path, argv, envp, pid ? pid : &own,
				      actions, attributes});
}

FORKSAN_EXPORT int posix_spawnp(pid_t *pid, const char *file,
				const posix_spawn_file_actions_t *actions,
				const posix_spawnattr_t *attributes, char *const argv[],
				char *const envp[])
{
	pid_t own;

	return start(&(struct launch){SPAWNP, AT_FDCWD, 0, file, argv, envp, pid ? pid : &own,
				      actions, attributes});
}

FORKSAN_EXPORT int system(const char *command)
{
	init_join();
	return REAL(system)(command);
}

FORKSAN_EXPORT FILE *popen(const char *command, const char *type)
{
	init_join();
	return REAL(popen)(command, type);
}

/* The argument list of execl() as an array.  A short list stands on the stack, a long list in pages
 * that are mapped for that list: a stack may be 16 KiB, and malloc() is no choice here.  When the
 * call succeeds in a vfork child, the pages stay mapped in the parent. */
#define SHORT_LIST 64

struct list {
	char **argv;
	size_t pages_bytes; /* 0: argv is `few` */
	char **envp;	    /* execle() only */
	char *few[SHORT_LIST];
};

static bool list_make(struct list *list, const char *first, va_list arguments,
		      bool with_environment)
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
		if (sys_is_error(pages)) {
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
