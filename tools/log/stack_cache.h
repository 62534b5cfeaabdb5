/* SPDX-License-Identifier: MIT */
/*
 * Stacks that were parsed already.  Nine tenths of a finding of version 1 are its stacks, and the
 * findings of one bug mostly repeat them to the byte: they are taken out of a line before it is
 * parsed, and the object that an equal text gave before is put in their place.
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
 * Parses a line with its stacks from the cache.  NULL when that cannot be done, for whatever
 * reason, a broken line among them: parse it whole then.  *checked points to a flag of these
 * stacks, which the caller sets when it has checked them, and finds set the next time; it is valid
 * until the next call. The object of stacks is the record's own; the frames in it are shared with
 * other records: what is added to a frame, all have.
 */
json_t *stack_cache_parse(struct stack_cache *cache, const char *text, size_t len_bytes,
			  bool **checked);

#endif
