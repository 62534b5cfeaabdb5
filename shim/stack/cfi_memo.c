/* SPDX-License-Identifier: MIT */
/*
 * See cfi_memo.h.
 *
 *   hash of the address --> place: sequence | key, rules
 *
 * A place is written by one thread at a time, which makes the sequence odd meanwhile.  A reader
 * copies the words and takes the copy when the sequence was even and has not changed.  A thread
 * that leaves while it writes (siglongjmp) leaves one place unused.
 */
#include "stack/cfi_memo.h"

#include <string.h>

#include "base/compiler.h"
#include "base/lazy.h"
#include "forksan/atomics.h"

#define PLACES 128 /* frames of a Python program's stack: 30 to 50 */

#define RULE_UNDEFINED INT16_MIN /* as an offset: the register has no value in the caller */

#define WORDS (sizeof(struct cfi_memo) / sizeof(uint64_t))
_Static_assert(sizeof(struct cfi_memo) % sizeof(uint64_t) == 0, "whole words");

struct place {
	_Atomic uint32_t sequence;
	uint32_t reserved;
	_Atomic uint64_t words[WORDS];
};

_Static_assert(PLACES * sizeof(struct place) <= LAZY_MEMOS_BYTES, "fits");

/* NULL: there is no memory. */
static struct place *place_of(uintptr_t lookup)
{
	struct place *all = lazy_room(LAZY_MEMOS);

	return all && lazy_write((uintptr_t)all, PLACES * sizeof *all)
		       ? &all[(lookup ^ lookup >> 7 ^ lookup >> 14) % PLACES]
		       : NULL;
}

static bool read_place(const struct place *place, struct cfi_memo *memo)
{
	uint32_t sequence = load_acquire(&place->sequence);

	for (size_t i = 0; i < WORDS; i++) {
		uint64_t word = load_relaxed(&place->words[i]);

		memcpy((char *)memo + i * sizeof word, &word, sizeof word);
	}
	atomic_thread_fence(memory_order_acquire);
	return sequence % 2 == 0 && load_relaxed(&place->sequence) == sequence;
}

static void write_place(struct place *place, const struct cfi_memo *memo)
{
	uint32_t sequence = load_relaxed(&place->sequence);

	if (sequence % 2 != 0 ||
	    !compare_exchange_acq_rel(&place->sequence, &sequence, sequence + 1))
		return;
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < WORDS; i++) {
		uint64_t word;

		memcpy(&word, (const char *)memo + i * sizeof word, sizeof word);
		store_relaxed(&place->words[i], word);
	}
	store_release(&place->sequence, sequence + 2);
}

/* Mixes the entry at `address`, which begins with its length (stack/cfi.c), into *digest.  False:
 * the entry cannot be read, or is a long one. */
static bool mix_entry(struct peek *peek, struct cfi_memo_scratch *scratch, uintptr_t address,
		      uint64_t *digest)
{
	uint64_t mixed = *digest;
	uint32_t len;
	size_t words;

	if (!peek_u32(peek, address, &len))
		return false;
	words = (len + sizeof len + 7) / 8;
	if (words > CFI_MEMO_ENTRY_WORDS)
		return false;
	scratch->entry[words - 1] = 0;
	if (!peek_copy(peek, address, scratch->entry, len + sizeof len))
		return false;
	for (size_t i = 0; i < words; i++) {
		mixed = (mixed ^ scratch->entry[i]) * UINT64_C(0x9e3779b97f4a7c15);
		mixed ^= mixed >> 32;
	}
	*digest = mixed;
	return true;
}

/* Of the FDE and its CIE, whose distance is the second word of the FDE. */
static bool digest_entry(struct peek *peek, struct cfi_memo_scratch *scratch, uintptr_t entry,
			 uint64_t *digest)
{
	uintptr_t at = entry + sizeof(uint32_t);
	uint32_t back;

	*digest = 0;
	return peek_u32(peek, at, &back) && mix_entry(peek, scratch, entry, digest) &&
	       mix_entry(peek, scratch, at - back, digest);
}

/* True when the memo is of this address in this file, whose entry is the same still. */
static bool is_of(struct peek *peek, struct cfi_memo_scratch *scratch, const struct module *module,
		  uintptr_t lookup)
{
	const struct cfi_memo *memo = &scratch->memo;
	uint64_t digest;

	return memo->lookup == lookup && memo->map == module->map &&
	       memo->header == module->eh_frame_header && memo->saved_count <= CFI_MEMO_SAVED &&
	       digest_entry(peek, scratch, memo->entry, &digest) && digest == memo->digest;
}

/* Puts the rules into *memo.  False for rules of another form. */
static bool condense(const struct cfi_rules *rules, struct cfi_memo *memo)
{
	if (rules->cfa_expression != 0 || rules->cfa_register >= CFI_REGISTERS ||
	    rules->cfa_offset != (int32_t)rules->cfa_offset)
		return false;
	memo->cfa_register = rules->cfa_register;
	memo->cfa_offset = (int32_t)rules->cfa_offset;
	for (unsigned i = 0; i < CFI_REGISTERS; i++) {
		const struct cfi_rule *rule = &rules->registers[i];
		int64_t offset = rule->kind == CFI_UNDEFINED ? RULE_UNDEFINED : rule->value;

		if (rule->kind == CFI_SAME)
			continue;
		if ((rule->kind != CFI_AT_OFFSET && rule->kind != CFI_UNDEFINED) ||
		    (rule->kind == CFI_AT_OFFSET &&
		     (offset <= RULE_UNDEFINED || offset > INT16_MAX)) ||
		    memo->saved_count == CFI_MEMO_SAVED)
			return false;
		memo->saved[memo->saved_count].offset = (int16_t)offset;
		memo->saved[memo->saved_count++].number = (uint8_t)i;
	}
	return true;
}

static bool is_outermost(const struct cfi_memo *memo)
{
	for (unsigned i = 0; i < memo->saved_count; i++)
		if (memo->saved[i].number == memo->return_register)
			return memo->saved[i].offset == RULE_UNDEFINED;
	return false;
}

/* The step that cfi_apply() makes by the same rules. */
static enum cfi_result apply(const struct cfi_memo *memo, struct peek *peek,
			     struct cfi_registers *registers)
{
	uint64_t cfa = registers->value[memo->cfa_register] + (uint64_t)memo->cfa_offset;

	if (is_outermost(memo))
		return CFI_OUTERMOST;
	registers->value[CFI_SP] = cfa;
	for (unsigned i = 0; i < memo->saved_count; i++) {
		uint64_t *value = &registers->value[memo->saved[i].number];
		int64_t offset = memo->saved[i].offset;

		if (offset == RULE_UNDEFINED)
			*value = 0;
		else if (!peek_u64(peek, cfa + (uint64_t)offset, value))
			return CFI_UNKNOWN;
	}
	return cfi_set_pc(registers, registers->value[memo->return_register]);
}

/* Keeps what cfi_find() has found, where that can be condensed. */
static noinline void keep(struct place *place, struct peek *peek, struct cfi_memo_scratch *scratch,
			  const struct module *module, uintptr_t lookup,
			  const struct cfi_found *found)
{
	struct cfi_memo *memo = &scratch->memo;

	*memo = (struct cfi_memo){
		.lookup = lookup,
		.map = module->map,
		.header = module->eh_frame_header,
		.entry = found->entry,
		.return_register = found->return_register,
		.signal_frame = found->signal_frame,
	};
	if (condense(&scratch->cfi.now, memo) &&
	    digest_entry(peek, scratch, found->entry, &memo->digest))
		write_place(place, memo);
}

enum cfi_result cfi_memo_step(struct peek *peek, struct cfi_memo_scratch *scratch,
			      const struct module *module, uintptr_t lookup,
			      struct cfi_registers *registers, bool *interrupted)
{
	struct place *place = place_of(lookup);
	struct cfi_found found;

	if (place && read_place(place, &scratch->memo) && is_of(peek, scratch, module, lookup)) {
		*interrupted = scratch->memo.signal_frame != 0;
		return apply(&scratch->memo, peek, registers);
	}
	if (!cfi_find(peek, &scratch->cfi, module, lookup, &found))
		return CFI_UNKNOWN;
	if (place)
		keep(place, peek, scratch, module, lookup, &found);
	*interrupted = found.signal_frame;
	return cfi_apply(peek, &scratch->cfi, &found, registers);
}
