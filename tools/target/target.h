/* SPDX-License-Identifier: MIT */
/*
 * The program that a user names: its path, and whether this program can load a preloaded library.
 * A clean run that was blind would be worse than no run.
 */
#ifndef FORKSAN_TOOLS_TARGET_TARGET_H
#define FORKSAN_TOOLS_TARGET_TARGET_H

#include <limits.h>
#include <stdbool.h>

struct library;

/* Why a program cannot load the library. */
enum target_fault {
	TARGET_GOOD,
	TARGET_STATIC,
	TARGET_OTHER_LIBC,
	TARGET_OTHER_MACHINE,
	TARGET_SET_USER_ID,
	TARGET_SET_GROUP_ID,
	TARGET_FILE_CAPABILITIES,
};

struct target {
	char path[PATH_MAX];	/* to give to execve() */
	char program[PATH_MAX]; /* the ELF file that will run: a script's interpreter, or `path` */
	bool blind;		/* the program cannot load forksan: `reason` says why */
	enum target_fault fault;
	char reason[PATH_MAX + 128];
};

/* Resolves `name` as execvp() does, follows #! lines and the command of an `env` among them, and
 * examines the program that will run.  Returns 0, or with a message of `verb` STATUS_NOT_FOUND or
 * STATUS_NOT_INSTRUMENTED when the program cannot be executed. */
int target_find(const char *verb, const char *name, const struct library *library,
		struct target *target);

/* Writes to `out` the path that execvp() would run.  0, or the errno that execvp() would give. */
int target_resolve(const char *name, char out[PATH_MAX]);

/* Copies the first line of a script, without #!, cut as the kernel cuts the line.  False: the file
 * is no script, or cannot be read. */
#define TARGET_SCRIPT_LINE_BYTES 256 /* BINPRM_BUF_SIZE, linux/binfmts.h */
bool target_read_script_line(const char *path, char line[TARGET_SCRIPT_LINE_BYTES]);

/* Examines the program of a process: no #! line is followed, and the rights of the file do not
 * count.  `file` is the path that the tool opens, `path` the one that the words name. */
void target_examine_running(const char *file, const char *path, const struct library *library,
			    struct target *target);

#endif
