/* SPDX-License-Identifier: MIT */
/* See store.h. */
#include "stack/store.h"

#include <string.h>

#include "forksan/registry.h"
#include "registry/registry.h"

/* Tries, see registry_probe(): 48 in the beginnings of the table and 48 in all of it. */
#define MAX_PROBES 96

/* Odd constants with well mixed bits, from the fractional part of the golden ratio and of the
 * square root of 2. */
#define MIX_A UINT64_C(0x9e3779b97f4a7c15)
#define MIX_B UINT64_C(0x6a09e667f3bcc909)

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * MIX_A;
	return hash ^ hash >> 29;
}

uint64_t stack_store_hash(const void *bytes, size_t len_bytes)
{
	const unsigned char *at = bytes;
	uint64_t hash = MIX_B ^ len_bytes;
	size_t left = len_bytes;

	for (; left >= 8; at += 8, left -= 8) {
		uint64_t word;

		memcpy(&word, at, 8);
		hash = mix(hash, word);
	}
	for (; left > 0; at++, left--)
		hash = mix(hash, *at);
	hash = mix(hash, MIX_B);
	hash ^= hash >> 32;
	return hash > 1 ? hash : hash + 2;
}

static bool same(const struct registry_stack *entry, const uint64_t *native, uint16_t native_count,
		 uint16_t flags, const struct stack_text *text)
{
	return entry->native_count == native_count && entry->flags == flags &&
	       entry->text_count == text->count && entry->text_len_bytes == text->len_bytes &&
	       memcmp(entry->native, native, native_count * sizeof(native[0])) == 0 &&
	       memcmp(entry->text, text->bytes, text->len_bytes) == 0;
}

static void fill(struct registry_stack *entry, const uint64_t *native, uint16_t native_count,
		 uint16_t flags, const struct stack_text *text)
{
	entry->native_count = native_count;
	entry->flags = flags;
	entry->text_count = text->count;
	entry->text_len_bytes = text->len_bytes;
	memcpy(entry->native, native, native_count * sizeof(native[0]));
	memcpy(entry->text, text->bytes, text->len_bytes);
}

struct stack_id stack_store(struct registry *registry, const uint64_t *native,
			    uint16_t native_count, uint16_t flags, const struct stack_text *text)
{
	uint64_t hash = mix(stack_store_hash(native, native_count * sizeof(native[0])),
			    stack_store_hash(text->bytes, text->len_bytes));

	if (text->truncated)
		flags |= STACK_TRUNCATED;
	if (hash <= 1)
		hash += 2;
	for (uint32_t i = 0; i < MAX_PROBES; i++) {
		uint32_t index = registry_probe(hash, i, FORKSAN_MAX_STACKS);
		struct registry_stack *entry = &registry->stacks[index];
		uint64_t found;

		if (!registry_reach_new(entry, sizeof(*entry)))
			break;
		found = load_acquire(&entry->hash);
		if (found == hash && same(entry, native, native_count, flags, text))
			return (struct stack_id){index + 1};
		if (found != 0 || !compare_exchange_acq_rel(&entry->hash, &found, 1))
			continue;
		fill(entry, native, native_count, flags, text);
		store_release(&entry->hash, hash);
		return (struct stack_id){index + 1};
	}
	return (struct stack_id){0};
}
