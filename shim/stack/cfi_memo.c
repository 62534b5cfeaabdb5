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

#include "base/lazy.h"
#include "forksan/atomics.h"

#define PLACES 128 /* frames of a Python program's stack: 30 to 50 */
#define SAVED_MAX 10

/* Of an FDE: length, distance of the CIE, where the function begins, its size, each of at most 8
 * bytes; with the 4 bytes that linkers prefer also the first instructions. */
#define HEAD_BYTES 24

#define RULE_UNDEFINED INT16_MIN /* as an offset: the register has no value in the caller */

struct memo {
	uintptr_t lookup;
	uintptr_t map; /* struct module */
	uintptr_t header;
	uintptr_t entry;
	uint8_t entry_head[HEAD_BYTES];
	int32_t cfa_offset;
	uint8_t cfa_register;
	uint8_t return_register;
	uint8_t signal_frame;
	uint8_t saved_count;
	struct {
		int16_t offset; /* from the CFA */
		uint8_t number;
		uint8_t reserved;
	} saved[SAVED_MAX];
};

#define WORDS (sizeof(struct memo) / sizeof(uint64_t))
_Static_assert(sizeof(struct memo) % sizeof(uint64_t) == 0, "whole words");

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

static bool read_place(const struct place *place, struct memo *memo)
{
	uint32_t sequence = load_acquire(&place->sequence);
	uint64_t words[WORDS];

	for (size_t i = 0; i < WORDS; i++)
		words[i] = load_relaxed(&place->words[i]);
	atomic_thread_fence(memory_order_acquire);
	if (sequence % 2 != 0 || load_relaxed(&place->sequence) != sequence)
		return false;
	memcpy(memo, words, sizeof *memo);
	return true;
}

static void write_place(struct place *place, const struct memo *memo)
{
	uint32_t sequence = load_relaxed(&place->sequence);
	uint64_t words[WORDS];

	if (sequence % 2 != 0 ||
	    !compare_exchange_acq_rel(&place->sequence, &sequence, sequence + 1))
		return;
	atomic_thread_fence(memory_order_release);
	memcpy(words, memo, sizeof *memo);
	for (size_t i = 0; i < WORDS; i++)
		store_relaxed(&place->words[i], words[i]);
	store_release(&place->sequence, sequence + 2);
}

/* True when the memo is of this address in this file, whose entry is the same still. */
static bool is_of(const struct memo *memo, struct peek *peek, const struct module *module,
		  uintptr_t lookup)
{
	uint8_t head[HEAD_BYTES];

	return memo->lookup == lookup && memo->map == module->map &&
	       memo->header == module->eh_frame_header && memo->saved_count <= SAVED_MAX &&
	       peek_copy(peek, memo->entry, head, sizeof head) &&
	       memcmp(head, memo->entry_head, sizeof head) == 0;
}

/* Puts the rules into *memo.  False for rules of another form. */
static bool condense(const struct cfi_rules *rules, struct memo *memo)
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
		    memo->saved_count == SAVED_MAX)
			return false;
		memo->saved[memo->saved_count].offset = (int16_t)offset;
		memo->saved[memo->saved_count++].number = (uint8_t)i;
	}
	return true;
}

static bool is_outermost(const struct memo *memo)
{
	for (unsigned i = 0; i < memo->saved_count; i++)
		if (memo->saved[i].number == memo->return_register)
			return memo->saved[i].offset == RULE_UNDEFINED;
	return false;
}

/* The step that cfi_apply() makes by the same rules. */
static enum cfi_result apply(const struct memo *memo, struct peek *peek,
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

enum cfi_result cfi_memo_step(struct peek *peek, struct cfi_scratch *scratch,
			      const struct module *module, uintptr_t lookup,
			      struct cfi_registers *registers, bool *interrupted)
{
	struct place *place = place_of(lookup);
	struct cfi_found found;
	struct memo memo;

	if (place && read_place(place, &memo) && is_of(&memo, peek, module, lookup)) {
		*interrupted = memo.signal_frame != 0;
		return apply(&memo, peek, registers);
	}
	if (!cfi_find(peek, scratch, module, lookup, &found))
		return CFI_UNKNOWN;
	memo = (struct memo){
		.lookup = lookup,
		.map = module->map,
		.header = module->eh_frame_header,
		.entry = found.entry,
		.return_register = found.return_register,
		.signal_frame = found.signal_frame,
	};
	if (place && condense(&scratch->now, &memo) &&
	    peek_copy(peek, found.entry, memo.entry_head, sizeof memo.entry_head))
		write_place(place, &memo);
	*interrupted = found.signal_frame;
	return cfi_apply(peek, scratch, &found, registers);
}
