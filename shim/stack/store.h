/* SPDX-License-Identifier: MIT */
/*
 * Keeps each different stack once, in registry.stacks, an open hash table by content.
 *
 *   hash 0 (free) --exchange--> 1 (being written) --release--> content's hash, immutable
 *
 * An entry whose writer was killed at 1 is skipped for ever.  Two processes that store equal stacks
 * at once make two entries: the room of one is lost, nothing else.  Lock-free, async-signal-safe.
 */
#ifndef FORKSAN_SHIM_STACK_STORE_H
#define FORKSAN_SHIM_STACK_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "stack/stack.h"
#include "stack/text.h"

/* A hash of the bytes that is never 0 or 1.  `len_bytes` and `bytes` are multiples of 4 and aligned
 * to 4, or the rest is hashed byte by byte.  Not meant to resist an adversary. */
uint64_t stack_store_hash(const void *bytes, size_t len_bytes);

/* Returns the id of the stack with these native frames (registry_stack.native) and this text,
 * stored now or before; STACK_TRUNCATED is added to the flags where the text is.  0 when the table
 * has no room near the stack's hash, or the registry's file system is full; the caller counts the
 * loss. */
struct stack_id stack_store(struct registry *registry, const uint64_t *native,
			    uint16_t native_count, uint16_t flags, const struct stack_text *text);

#endif
