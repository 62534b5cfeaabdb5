/* SPDX-License-Identifier: MIT */
/*
 * One value of a text in the grammar of FORKSAN_OPTIONS (shim/common/option_text.h).
 */
#ifndef FORKSAN_TOOLS_BASE_OPTION_VALUE_H
#define FORKSAN_TOOLS_BASE_OPTION_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/* Copies the value of `key`, cut to `size`; of several the last, as the library reads them.  False:
 * `text` (NULL: not set) does not have the key. */
bool option_value(const char *text, const char *key, char *out, size_t size);

#endif
