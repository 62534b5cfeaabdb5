/* SPDX-License-Identifier: MIT */
/*
 * The program that is looked at: one that is to be started, or a process that runs.
 */
#ifndef FORKSAN_TOOLS_DOCTOR_SUBJECT_H
#define FORKSAN_TOOLS_DOCTOR_SUBJECT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "target/library.h"
#include "target/target.h"

#define SUBJECT_ROOT_BYTES 32

struct subject {
	pid_t pid;		       /* 0: a command */
	char root[SUBJECT_ROOT_BYTES]; /* before each path of the process: "/proc/PID/root" or "" */
	struct target target;
	const struct library *library;
	/* Files that are or will be loaded, as the tool can open them; the program itself first. */
	char **files;
	size_t file_count;
	bool files_known;    /* false: the loader would not list them, or they may not be seen */
	bool has_library;    /* the library is, or will be, among the files */
	char complaint[256]; /* what the loader says of the library; empty: nothing */
	bool has_user;	     /* uid and gid are those of the process, or of --user */
	uid_t uid;
	gid_t gid;
};

/* Asks the loader of the program which files it will load with the library preloaded.  No code of
 * the program runs (ld.so(8), --list). */
void subject_list_files(struct subject *subject);

/* Fills the subject from the process.  0 or -errno: there is no such process, or it may not be
 * looked at (-EACCES). */
int subject_read_process(struct subject *subject, pid_t pid, const struct library *library);

/* Copies a value of the process's environment, or for a command of the tool's own.  False: not set,
 * or it may not be read. */
bool subject_variable(const struct subject *subject, const char *name, char *out, size_t size);

/* Reads a number behind `field:` of /proc/PID/status, in that base; -1: not there. */
long long subject_status(pid_t pid, const char *field, int base);

void subject_free(struct subject *subject);

#endif
