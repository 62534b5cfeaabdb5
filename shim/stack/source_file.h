/* SPDX-License-Identifier: MIT */
/*
 * Source files with relative names (config.ru, a Perl script as it was started), completed for a
 * reader who is somewhere else.
 */
#ifndef FORKSAN_SHIM_STACK_SOURCE_FILE_H
#define FORKSAN_SHIM_STACK_SOURCE_FILE_H

#include <stddef.h>

/* Puts the process's directory in front of a relative name of `len` bytes in `file`, which has room
 * for `size`; returns the new length.  The name stays unchanged when there is no room, or when the
 * directory has no such file, for the process may have left the directory that the name meant.
 *
 * The directory is the one in which the program, or the ancestor of a forked process, met the first
 * relative name.  One system call for each name the first time; async-signal-safe. */
size_t source_file_complete(char *file, size_t len, size_t size);

#endif
