/* SPDX-License-Identifier: MIT */
/*
 * See stack_cache.h.
 *
 *   text     {"record":"finding",...,"stacks":{...},...,"history":[...]}
 *                                             ^^^^^ taken out, parsed once, found by its bytes
 *   reduced  {"record":"finding",...,"stacks":0,...,"history":[...]}
 *
 * The name and the colon cannot stand within a string, where a quote has a backslash before it, so
 * the first place where both stand is a name.  The name belongs to the outermost object when the
 * parsed line has 0 there and no second such name follows.  A line that is valid without the
 * stacks, and whose stacks are valid alone, is valid as a whole.
 */
#include "log/stack_cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES 128 /* each some 100 KiB with the objects; a bug has few pairs of stacks */
#define LEAST_BYTES 512

static const char name[] = "\"stacks\":";

struct entry {
	char *text;
	size_t len_bytes;
	json_t *stacks;
	bool checked;
};

struct stack_cache {
	struct entry entries[ENTRIES];
	char *line; /* the reduced line */
	size_t line_size;
};

struct stack_cache *stack_cache_new(void)
{
	return calloc(1, sizeof(struct stack_cache));
}

static void clear_entry(struct entry *entry)
{
	free(entry->text);
	json_decref(entry->stacks);
	*entry = (struct entry){0};
}

void stack_cache_free(struct stack_cache *cache)
{
	for (size_t i = 0; i < ENTRIES; i++)
		clear_entry(&cache->entries[i]);
	free(cache->line);
	free(cache);
}

/* The length of the object that begins at `text`, or 0 when the object does not end.  Braces within
 * strings do not count. */
static size_t object_length(const char *text, size_t len_bytes)
{
	size_t depth = 0, i = 0;

	while (i < len_bytes) {
		char c = text[i++];

		if (c == '{') {
			depth++;
		} else if (c == '}') {
			if (--depth == 0)
				return i;
		} else if (c == '"') {
			while (i < len_bytes && text[i] != '"')
				i += text[i] == '\\' ? 2 : 1;
			i++;
		}
	}
	return 0;
}

/* FNV-1a over eight bytes at a time: a collision costs a comparison. */
static uint64_t hash(const char *text, size_t len_bytes)
{
	uint64_t result = UINT64_C(0xcbf29ce484222325) ^ len_bytes, word;

	for (; len_bytes >= sizeof word; text += sizeof word, len_bytes -= sizeof word) {
		memcpy(&word, text, sizeof word);
		result = (result ^ word) * UINT64_C(0x100000001b3);
		result ^= result >> 29;
	}
	return result;
}

/* Returns the entry of these stacks, and parses stacks that have no entry yet.  NULL: no memory, or
 * no valid object. */
static struct entry *find_entry(struct stack_cache *cache, const char *text, size_t len_bytes)
{
	struct entry *entry = &cache->entries[hash(text, len_bytes) % ENTRIES];
	json_t *stacks;

	if (entry->len_bytes == len_bytes && memcmp(entry->text, text, len_bytes) == 0)
		return entry;
	stacks = json_loadb(text, len_bytes, 0, NULL);
	if (stacks == NULL)
		return NULL;
	clear_entry(entry);
	entry->stacks = stacks;
	entry->text = malloc(len_bytes);
	if (entry->text == NULL) {
		clear_entry(entry);
		return NULL;
	}
	memcpy(entry->text, text, len_bytes);
	entry->len_bytes = len_bytes;
	return entry;
}

static bool make_room(struct stack_cache *cache, size_t size)
{
	char *line;

	if (size <= cache->line_size)
		return true;
	line = realloc(cache->line, size);
	if (line == NULL)
		return false;
	cache->line = line;
	cache->line_size = size;
	return true;
}

json_t *stack_cache_parse(struct stack_cache *cache, const char *text, size_t len_bytes,
			  bool **checked)
{
	const char *found = memmem(text, len_bytes, name, sizeof name - 1), *start;
	size_t before, len, after;
	struct entry *entry;
	json_t *record;

	if (found == NULL)
		return NULL;
	start = found + sizeof name - 1;
	before = (size_t)(start - text);
	if (before == len_bytes || *start != '{')
		return NULL;
	len = object_length(start, len_bytes - before);
	if (len < LEAST_BYTES)
		return NULL;
	after = len_bytes - before - len;
	if (memmem(start + len, after, name, sizeof name - 1) != NULL)
		return NULL;
	entry = find_entry(cache, start, len);
	if (entry == NULL || !make_room(cache, before + 1 + after))
		return NULL;
	memcpy(cache->line, text, before);
	cache->line[before] = '0';
	memcpy(cache->line + before + 1, start + len, after);
	record = json_loadb(cache->line, before + 1 + after, 0, NULL);
	if (!json_is_integer(json_object_get(record, "stacks")) ||
	    json_object_set_new(record, "stacks", json_copy(entry->stacks)) != 0) {
		json_decref(record);
		return NULL;
	}
	*checked = &entry->checked;
	return record;
}
