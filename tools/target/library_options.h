/* SPDX-License-Identifier: MIT */
/*
 * Options of the library on a command line of the tool: the library itself would only warn of a
 * wrong one, in the program's output, and run without it.
 */
#ifndef FORKSAN_TOOLS_TARGET_LIBRARY_OPTIONS_H
#define FORKSAN_TOOLS_TARGET_LIBRARY_OPTIONS_H

#include <stdbool.h>

/* False when the library would warn of `text`, a value of FORKSAN_OPTIONS (NULL: nothing): each
 * warning is a message of `verb`, after `prefix`. */
bool library_accepts(const char *verb, const char *prefix, const char *text);

#endif
