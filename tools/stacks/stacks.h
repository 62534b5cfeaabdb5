/* SPDX-License-Identifier: MIT */
/*
 * The stack of a thread of another process: the interpreter's frames and the native ones.
 *
 * A process of its own does the reading, with ten seconds for it: files and memory of the other
 * process are hostile, and libdw reads both.
 */
#ifndef FORKSAN_TOOLS_STACKS_STACKS_H
#define FORKSAN_TOOLS_STACKS_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

struct stacks_reader {
	pid_t child; /* -1: there is none */
	int fd;
};

/* Starts to read the stack of a thread.  stop: the thread is stopped for the time of reading
 * (registers.h). */
void stacks_begin(struct stacks_reader *reader, pid_t pid, pid_t tid, bool stop);

/* Returns an array of frames, innermost first, the interpreter's before the native ones: objects
 * with "language", and as far as known "function", "file", "line", "own" (the application's own
 * code; of interpreters' frames alone), "module", "offset".  NULL, with words in `why`: the thread
 * runs, or may not be read.  With an array, words in `why` say which frames are lacking.  *call is
 * where /proc/PID/task/TID/syscall says that the thread sleeps, for the caller to free; NULL: the
 * thread was stopped. */
json_t *stacks_end(struct stacks_reader *reader, char **call, char *why, size_t size);

#endif
