/* SPDX-License-Identifier: MIT */
/*
 * Names that the program gives its connections (forksan_label()), for reports.
 *
 * Private memory, copied by fork: a process knows the names that were given before it was forked.
 * Any thread; a name that another thread changes meanwhile may come out as a mixture.
 */
#ifndef FORKSAN_SHIM_PROCESS_LABEL_H
#define FORKSAN_SHIM_PROCESS_LABEL_H

#include <stdbool.h>

#include "registry/registry.h"

/* Names the connection in the slot, which this process holds; "" takes the name away.  False: too
 * many connections have names. */
bool label_set(struct socket_slot slot, const char *label);

/* Writes the name to `out`, "" when there is none. */
void label_get(struct socket_slot slot, char out[FORKSAN_LABEL_BYTES]);

#endif
