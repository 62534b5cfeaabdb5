/* SPDX-License-Identifier: MIT */
/*
 * Sites that were found already.  A log names the same stacks again and again, as the same frames
 * in memory (log/line_parser.h, log/stacks.h).
 */
#ifndef FORKSAN_TOOLS_REPORT_SITE_CACHE_H
#define FORKSAN_TOOLS_REPORT_SITE_CACHE_H

#include <jansson.h>

#include "report/site.h"

struct site_cache;
struct symbols;

/* `symbols` stays the caller's.  NULL: no memory. */
struct site_cache *site_cache_new(struct symbols *symbols);
void site_cache_free(struct site_cache *cache);

/* site_find(), or the site that site_find() gave for the same frames, role and culprit before.  The
 * frames of `stack` must not change but by annotation. */
void site_cache_find(struct site_cache *cache, json_t *stack, enum site_role role,
		     const char *culprit, struct site *site);

#endif
