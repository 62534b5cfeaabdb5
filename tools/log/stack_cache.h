/* SPDX-License-Identifier: MIT */
/*
 * Stacks that were parsed already.  Nine tenths of a finding of version 1 are stacks, and the
 * findings of one bug mostly repeat the same stacks to the byte.  So the stacks are taken out of a
 * line before parsing, and the object that an equal text gave before is put in their place.
 */
#ifndef FORKSAN_TOOLS_LOG_STACK_CACHE_H
#define FORKSAN_TOOLS_LOG_STACK_CACHE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct stack_cache;

struct stack_cache *stack_cache_new(void);
void stack_cache_free(struct stack_cache *cache);

/*
 * Parses a line with the stacks from the cache.  NULL when that cannot be done, for any reason, a
 * broken line among them: the caller then parses the whole line.
 *
 * *checked points to a flag of these stacks, valid until the next call.  The caller sets the flag
 * after checking the stacks, and finds the flag set when the same stacks come again.  The object of
 * stacks belongs to the record alone; the frames in that object are shared with other records: an
 * addition to a frame shows in all of them.
 */
json_t *stack_cache_parse(struct stack_cache *cache, const char *text, size_t len_bytes,
			  bool **checked);

#endif
