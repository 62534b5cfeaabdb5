/* SPDX-License-Identifier: MIT */
/* System calls by the names that findings have for them. */
#ifndef FORKSAN_TOOLS_WATCHER_CALL_NAME_H
#define FORKSAN_TOOLS_WATCHER_CALL_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/entries.h"

/* The operation of libc that the system call is made for.  A call of io_uring, and one that is not
 * known, is send or recv. */
enum operation call_operation(int32_t number, bool writes);

#endif
