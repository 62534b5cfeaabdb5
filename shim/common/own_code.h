/* SPDX-License-Identifier: MIT */
/*
 * Tells an application's own source files from those it was given, by their paths.  Pure.
 */
#ifndef FORKSAN_COMMON_OWN_CODE_H
#define FORKSAN_COMMON_OWN_CODE_H

#include <stdbool.h>
#include <stddef.h>

/* True when the file of an interpreter's frame is the application's own: not of a standard library,
 * not an installed package, not a launcher, not generated code without a file. */
bool own_code_is_file(const char *file, size_t len);

/* True for a file that merely starts an application, such as /usr/bin/gunicorn: it lies in a bin
 * directory, has no suffix, and belongs to no package. */
bool own_code_is_launcher(const char *file, size_t len);

#endif
