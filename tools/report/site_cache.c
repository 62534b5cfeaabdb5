/* SPDX-License-Identifier: MIT */
/*
 * See site_cache.h.  A hash table in which a new answer takes the place of an old one.  An answer
 * holds a reference to the frames, so that no other frames get their address.
 */
#include "report/site_cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ANSWERS 256 /* each may hold a stack of some 50 KiB */

struct answer {
	json_t *stack; /* NULL: free */
	enum site_role role;
	char *culprit; /* NULL: none */
	struct site site;
};

struct site_cache {
	struct symbols *symbols;
	struct answer answers[ANSWERS];
};

struct site_cache *site_cache_new(struct symbols *symbols)
{
	struct site_cache *cache = calloc(1, sizeof *cache);

	if (cache != NULL)
		cache->symbols = symbols;
	return cache;
}

static void clear_answer(struct answer *answer)
{
	json_decref(answer->stack);
	free(answer->culprit);
	answer->stack = NULL;
	answer->culprit = NULL;
}

void site_cache_free(struct site_cache *cache)
{
	for (size_t i = 0; i < ANSWERS; i++)
		clear_answer(&cache->answers[i]);
	free(cache);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The same stack may be that of a finding's own use, with a culprit, and of the other process's. */
static struct answer *place_of(struct site_cache *cache, const json_t *stack, enum site_role role,
			       const char *culprit)
{
	uint64_t key = (uint64_t)(uintptr_t)stack * 8 + (uint64_t)role * 2 + (culprit != NULL);
	uint64_t mixed = key * UINT64_C(0x9e3779b97f4a7c15);

	return &cache->answers[(mixed >> 32) % ANSWERS];
}

void site_cache_find(struct site_cache *cache, json_t *stack, enum site_role role,
		     const char *culprit, struct site *site)
{
	struct answer *answer = place_of(cache, stack, role, culprit);

	if (answer->stack == stack && answer->role == role && same_text(answer->culprit, culprit)) {
		*site = answer->site;
		return;
	}
	site_find(cache->symbols, stack, role, culprit, site);
	clear_answer(answer);
	if (culprit != NULL && (answer->culprit = strdup(culprit)) == NULL)
		return;
	answer->stack = json_incref(stack);
	answer->role = role;
	answer->site = *site;
}
