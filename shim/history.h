/* SPDX-License-Identifier: MIT */
/*
 * The latest operations on a connection that two processes use, by all of them: what a report shows as
 * `history`.  In the registry, lock-free; no bytes of the conversation, only the message's name.
 */
#ifndef FORKSAN_SHIM_HISTORY_H
#define FORKSAN_SHIM_HISTORY_H

#include <stdint.h>

#include "entries.h"
#include "registry.h"

/* Begins to keep operations of the connection in the slot.  Idempotent; without room nothing is kept. */
void history_start(uint32_t slot);

/* Adds an operation of this thread.  Nothing happens before history_start(). */
void history_add(uint32_t slot, enum operation operation, bool writes, uint16_t message,
		 int64_t result);

/* The operations of a slot, oldest first: *from is where to begin (0 for the first call) and moves on.
 * False when there are no more.  Entries being written are left out. */
bool history_next(const struct registry *registry, uint32_t slot, uint32_t *from,
		  struct registry_operation *out);

#endif
