/* SPDX-License-Identifier: MIT */
/*
 * Tells an application's own source files from the files of others, by their paths.  Pure.
 */
#ifndef FORKSAN_COMMON_OWN_CODE_H
#define FORKSAN_COMMON_OWN_CODE_H

#include <stdbool.h>
#include <stddef.h>

/* True when the file of an interpreter's frame is the application's own: not of a standard library,
 * not an installed package, not a launcher, not generated code without a file. */
bool own_code_is_file(const char *file, size_t len);

/* True for a file that merely starts an application, such as /usr/bin/gunicorn: a file in a bin
 * directory, without a suffix, that belongs to no package. */
bool own_code_is_launcher(const char *file, size_t len);

/* True for a file of an installed package; false for the application's and for an interpreter's
 * standard library. */
bool own_code_is_package(const char *file, size_t len);

/* True for a package, or its launcher, that carries other code on: an application server, a runner
 * of jobs, a framework that calls the application.  A carrier's frames are in every stack, and so
 * say nothing about who did it. */
bool own_code_is_carrier(const char *file, size_t len);

/* True for a function of Go's own packages between a program and the kernel, by its name
 * ("internal/poll.(*FD).Read"): every connection's stack begins with some. */
bool own_code_is_go_library(const char *function);

/* The kinds of files that native frames lie in, the most telling about the culprit first. */
enum own_code_rank {
	OWN_CODE_MODULE,      /* a program or library of the application's own */
	OWN_CODE_PROGRAM,     /* an installed program */
	OWN_CODE_LIBRARY,     /* an installed library: a driver, say */
	OWN_CODE_INTERPRETER, /* runs somebody else's code */
	OWN_CODE_MACHINERY,   /* libc, the loader, the kernel's page: in every stack */
};

/* The rank of the file `module` of a native frame. */
enum own_code_rank own_code_rank_of(const char *module, size_t len);

#endif
